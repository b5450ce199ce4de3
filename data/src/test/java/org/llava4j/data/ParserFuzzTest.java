package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.batch.TokenizedDataset;
import org.llava4j.data.batch.TokenizedDatasetManifest;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.records.TokenizedRecordReader;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.SentencePieceReader;
import org.llava4j.testing.Damage;
import org.llava4j.testing.Golden;

/**
 * Fuzz test of file parsers: valid files with random changes, deletions, duplications and truncations (fixed seeds). A
 * parser must accept the file or reject it with a one-line {@link BadInputException}.
 */
class ParserFuzzTest {
    private static final int ROUNDS = 400;
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));

    @TempDir
    private Path folder;

    /** Parser under test. */
    private interface Parser {
        void read(byte[] content) throws IOException;
    }

    @Test
    void tokenizerModels() throws IOException {
        byte[] valid = Files.readAllBytes(Golden.path("e_spm/tokenizer.model"));
        fuzz(1, valid, content -> {
            LlamaTokenizer tokenizer = LlamaTokenizer.of(SentencePieceReader.read("fuzz", content), folder);
            tokenizer.decode(tokenizer.encodeWithBos("Hello wörld </s> 你"));
        });
    }

    @Test
    void tokenizerSettings() throws IOException {
        Path model = Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        for (String name : new String[] {"tokenizer_config.json", "special_tokens_map.json"}) {
            Path file = folder.resolve(name);
            byte[] valid = Files.readAllBytes(Golden.path("e_spm/hf_legacy_true/" + name));
            fuzz(2, valid, content -> {
                Files.write(file, content);
                LlamaTokenizer.load(model).encodeWithBos("Hi</s>");
            });
            Files.delete(file);
        }
    }

    @Test
    void tokenizerJson() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        String json = "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":0,\"content\":\"<unk>\",\"special\":true},"
                + "{\"id\":1,\"content\":\"<s>\",\"lstrip\":true,\"special\":true},{\"id\":2,\"content\":\"</s>\","
                + "\"normalized\":true}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\","
                + "\"prepend\":\"▁\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}]},"
                + "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"first\","
                + "\"split\":false},\"post_processor\":null,\"decoder\":{\"type\":\"Sequence\",\"decoders\":["
                + "{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},{\"type\":\"Fuse\"},"
                + "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]},\"model\":{\"type\":\"BPE\","
                + "\"unk_token\":\"<unk>\",\"fuse_unk\":true,\"byte_fallback\":false,\"vocab\":{\"<unk>\":0,\"<s>\":1,"
                + "\"</s>\":2,\"▁\":3,\"a\":4,\"b\":5,\"ab\":6,\"▁a\":7},\"merges\":[[\"a\",\"b\"],[\"▁\",\"a\"]]}}";
        fuzz(31, json.getBytes(StandardCharsets.UTF_8), content -> {
            Files.write(file, content);
            LlamaTokenizer tokenizer = LlamaTokenizer.load(file);
            tokenizer.encodeWithImages("ab <image> b</s>");
            tokenizer.decode(tokenizer.encodeWithBos("ab b</s>"));
        });
    }

    @Test
    void conversations() throws IOException {
        Path file = folder.resolve("data.json");
        ConversationEncoder encoder =
                new ConversationEncoder(TOKENIZER, ConversationTemplates.named("v1"), ImageMarkup.V1);
        byte[] valid = Files.readAllBytes(Golden.path("f_e2e/finetune.json"));
        fuzz(3, valid, content -> {
            Files.write(file, content);
            try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
                while (reader.hasNext()) {
                    encoder.encode(reader.nextValue());
                }
            }
        });
    }

    @Test
    void shards() throws IOException {
        String line = "{\"number\":%d,\"where\":\"a.json, line 1\",\"id\":\"x\",\"image\":[\"p.jpg\"],\"length\":20,"
                + "\"input_ids\":[1,-200,13,14,2],\"learned\":[[2,5]]}\n";
        String bad = "{\"number\":2,\"where\":\"a.json, line 3\",\"problem\":\"no\"}\n";
        byte[] valid = (line.formatted(0) + line.formatted(1) + bad).getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("bucket.jsonl");
        fuzz(21, valid, content -> {
            Files.write(file, content);
            try (TokenizedRecordReader reader = TokenizedRecordReader.open(List.of(file))) {
                while (reader.hasNext()) {
                    reader.next();
                }
            }
        });
        Files.write(file, valid);
        String index = "{\"encoding\":{\"convMode\":\"v1\",\"imageFirst\":true,\"imageStartEnd\":false,"
                + "\"imageVectors\":16,\"maxLength\":64,\"tokenizer\":\"t\"},\"data\":\"d\",\"samples\":3,"
                + "\"shards\":[{\"file\":\"bucket.jsonl\",\"sha256\":\"" + Sha256.of(file)
                + "\",\"bucket\":64,\"numbers\":[0,1,2]}]}";
        fuzz(22, index.getBytes(StandardCharsets.UTF_8), content -> {
            Files.write(folder.resolve(TokenizedDatasetManifest.FILE), content);
            try (TokenizedDataset samples = TokenizedDataset.open(folder, folder)) {
                samples.where(samples.size() - 1);
            }
        });
    }

    @Test
    void templates() throws IOException {
        Path file = folder.resolve("template.json");
        byte[] valid =
                ConversationTemplates.class.getResourceAsStream("v0.json").readAllBytes();
        fuzz(4, valid, content -> {
            Files.write(file, content);
            ConversationTemplates.load(file);
        });
    }

    @Test
    void scienceQa() throws IOException {
        String problem = "{\"question\": \"Which?\", \"choices\": [\"a\", \"b\"], \"answer\": 1, \"hint\": \"\","
                + " \"image\": null, \"task\": \"t\", \"grade\": \"grade1\", \"subject\": \"language science\","
                + " \"topic\": \"\", \"category\": \"\", \"skill\": \"\", \"lecture\": \"l\", \"solution\": \"s\","
                + " \"split\": \"test\"}";
        String problems = "{\"1\": " + problem + ",\n \"2\": " + problem + "}";
        String splits = "{\"test\": [\"2\", \"1\"], \"val\": []}";
        Path problemsFile = folder.resolve("problems.json");
        Path splitsFile = folder.resolve("pid_splits.json");
        Parser all = content -> {
            try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(folder, "test")) {
                while (reader.hasNext()) {
                    reader.next();
                }
            }
        };
        Files.writeString(splitsFile, splits);
        fuzz(5, problems.getBytes(StandardCharsets.UTF_8), content -> {
            Files.write(problemsFile, content);
            all.read(content);
        });
        Files.writeString(problemsFile, problems);
        fuzz(6, splits.getBytes(StandardCharsets.UTF_8), content -> {
            Files.write(splitsFile, content);
            all.read(content);
        });
    }

    private static void fuzz(long seed, byte[] valid, Parser parser) throws IOException {
        parser.read(valid);
        Random random = new Random(seed);
        int rejected = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] damaged = Damage.of(valid, random);
            try {
                parser.read(damaged);
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("round %d", round).isNotBlank().doesNotContain("\n");
                rejected++;
            } catch (RuntimeException | IOException | Error e) {
                throw new AssertionError("round " + round + " of seed " + seed + " ended in " + e, e);
            }
        }
        // Otherwise the damage never reached the parser.
        assertThat(rejected).isBetween(ROUNDS / 20, ROUNDS);
    }
}
