package org.llava4j.data.batch;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.Sha256;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/**
 * Fuzz target: the manifest of a tokenized dataset and its shard, which are one input with a NUL between them. {@value
 * #SHA} in the manifest stands for the hash of the shard.
 */
class TokenizedDatasetFuzzTargetTest {
    private static final String SHA = "@sha";
    private static final ConversationEncoder ENCODER = new ConversationEncoder(
            LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model")),
            ConversationTemplates.named("v1"),
            ImageMarkup.V1);
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-tokenized", 200);
    /** The data loader, which knows the sample, adds its name. */
    private static final FuzzOracle SAMPLE = new FuzzOracle(BadInputException.class, "", 200);

    @TempDir
    private Path temp;

    static Stream<Arguments> seeds() {
        String valid = "{\"number\":0,\"where\":\"data.json, index 0\",\"id\":\"a\",\"image\":[\"a.jpg\"],"
                + "\"length\":5,\"input_ids\":[1,-200,5,6,2],\"target_ranges\":[[3,5]]}";
        String invalid = "{\"number\":1,\"where\":\"data.json, index 1\",\"problem\":\"no turns\"}";
        return FuzzSeeds.texts("{\"encoding\": {\"template\": \"v1\"}, \"data\": \"00\", \"samples\": 2, \"layouts\":"
                + " {\"conversations\": 2, \"messages\": 0}, \"shards\": [{\"file\": \"shard.jsonl\", \"sha256\": \""
                + SHA + "\", \"bucket\": 64, \"numbers\": [1, 0]}]}\0" + invalid + "\n" + valid + "\n");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        List<byte[]> files = FuzzFile.split(bytes);
        Path folder = Files.createDirectories(temp.resolve("fuzz-tokenized"));
        byte[] shard = files.get(1);
        FuzzFile.write(folder.resolve("shard.jsonl"), shard);
        String manifest = new String(files.get(0), StandardCharsets.ISO_8859_1).replace(SHA, Sha256.of(shard));
        FuzzFile.write(folder.resolve(TokenizedDatasetManifest.FILE), manifest.getBytes(StandardCharsets.ISO_8859_1));
        ORACLE.accepts(() -> {
            try (TokenizedDataset dataset = TokenizedDataset.open(folder, temp)) {
                SAMPLE.accepts(() -> dataset.requireEncoding(new Fingerprint(Map.of("template", "v1"))));
                for (int number = 0; number < dataset.size(); number++) {
                    int index = number;
                    SAMPLE.accepts(() -> {
                        dataset.where(index);
                        Conversation sample = dataset.get(index);
                        sample.images().forEach(name -> dataset.image(index, name));
                        dataset.encoded(index, sample, ENCODER);
                    });
                }
            }
        });
    }
}
