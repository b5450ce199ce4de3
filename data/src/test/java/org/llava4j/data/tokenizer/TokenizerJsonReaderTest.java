package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;

/** Options of {@code tokenizer.json} that the golden files lack; expected ids by the library {@code tokenizers}. */
class TokenizerJsonReaderTest {
    private final ObjectNode json = (ObjectNode)
            Golden.json("j_transformers5/older_tokenizer/tokenizer.json").deepCopy();

    @TempDir
    private Path folder;

    private LlamaTokenizer load() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        return LlamaTokenizer.load(folder);
    }

    private ObjectNode metaspace() {
        json.putNull("normalizer");
        return json.putObject("pre_tokenizer").put("type", "Metaspace").put("replacement", "\u2581");
    }

    @Test
    void firstSchemePrependsOnlyAtStart() throws IOException {
        metaspace().put("prepend_scheme", "first").put("split", false);
        assertThat(load().encodeWithBos("Hi</s>there")).containsExactly(1, 730, 896, 2, 379, 893);
    }

    @Test
    void neverSchemePrependsNothing() throws IOException {
        metaspace().put("add_prefix_space", false);
        assertThat(load().encodeWithBos("Hi</s> there")).containsExactly(1, 939, 896, 2, 868);
    }

    @Test
    void normalizedTokenMatchesNormalizedText() throws IOException {
        ((ObjectNode) json.get("added_tokens").get(2)).put("normalized", true);
        assertThat(load().encodeWithBos("Hi</s>")).containsExactly(1, 730, 896, 990, 955, 900, 991);
        assertThat(load().encodeWithBos("Hi </s>")).containsExactly(1, 730, 896, 2);
    }

    @Test
    void wholeWordTokenMatchesBetweenWords() throws IOException {
        ((ArrayNode) json.get("added_tokens"))
                .addObject()
                .put("id", 1002)
                .put("content", "cat")
                .put("single_word", true);
        assertThat(load().encodeWithBos("cat")).containsExactly(1, 1002);
        assertThat(load().encodeWithBos("cats")).doesNotContain(1002);
    }

    @Test
    void olderMergesAreStrings() throws IOException {
        int[] ids = load().encodeWithBos("Hello world");
        ArrayNode merges = ((ObjectNode) json.get("model")).putArray("merges");
        Golden.json("j_transformers5/older_tokenizer/tokenizer.json")
                .get("model")
                .get("merges")
                .forEach(pair ->
                        merges.add(pair.get(0).textValue() + " " + pair.get(1).textValue()));
        assertThat(load().encodeWithBos("Hello world")).isEqualTo(ids);
    }

    @Test
    void streamingDecodeEqualsDecode() throws IOException {
        LlamaTokenizer tokenizer = load();
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            int[] ids = random.ints(1 + random.nextInt(15), 0, random.nextBoolean() ? 1002 : 259)
                    .toArray();
            StreamingDecoder stream = tokenizer.streamingDecoder();
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(stream.next(id));
            }
            assertThat(streamed.append(stream.finish())).hasToString(tokenizer.decode(ids));
        }
    }

    @Test
    void addedSpecialTokensAreMatched() throws IOException {
        LlamaTokenizer tokenizer = load().withSpecialTokens(java.util.List.of("<im_start>"));
        assertThat(tokenizer.encodeWithBos("<im_start>")).containsExactly(1, 1002);
    }

    @Test
    void comparisonReportsOtherModel() throws IOException {
        load();
        assertThat(TokenizerComparison.difference(folder)).as("one file").isNull();
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        assertThat(TokenizerComparison.difference(folder))
                .as("the same tokenizer")
                .isNull();
        metaspace().put("prepend_scheme", "never").put("split", false);
        load();
        assertThat(TokenizerComparison.difference(folder)).contains("differ").contains("tokenizer.json is used");
        assertThat(LlamaTokenizer.load(folder).size()).isEqualTo(1002);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "normalizer     | {\"type\": \"NFKC\"}                  | \"normalizer.type\" is \"NFKC\"",
                "normalizer     | {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"a\"}} | \"normalizer.pattern\" is",
                "pre_tokenizer  | {\"type\": \"ByteLevel\"}             | \"pre_tokenizer.type\" is \"ByteLevel\"",
                "post_processor | {\"type\": \"RobertaProcessing\"}     | \"post_processor.type\" is",
                "post_processor | {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {}}, {\"SpecialToken\": {\"id\": \"</s>\"}}]} | only a BOS token",
                "decoder        | {\"type\": \"WordPiece\"}             | \"decoder.type\" is \"WordPiece\"",
                "decoder        | null                                 | has no \"decoder\"",
                "model          | {\"type\": \"Unigram\", \"vocab\": {}, \"merges\": []} | \"model.type\" is Unigram",
                "model          | {\"type\": \"BPE\"}                   | with \"vocab\" and \"merges\"",
                "model          | {\"type\": \"BPE\", \"vocab\": {\"a\": 7}, \"merges\": []} | the ids must be 0 to 0",
                "model          | {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"a\", \"a\"]]} | \"aa\" is not in",
                "model          | {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]} | each must be two pieces",
                "model          | {\"type\": \"BPE\", \"dropout\": 0.1, \"vocab\": {}, \"merges\": []} | \"model.dropout\" is 0.1",
                "version        | \"2.0\"                              | \"version\" is 2.0",
                "added_tokens   | [{\"content\": \"<x>\"}]              | without an id",
            })
    void readRejectsUnsupported(String key, String value, String message) throws IOException {
        json.set(key, new com.fasterxml.jackson.databind.ObjectMapper().readTree(value));
        assertThatThrownBy(this::load)
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void readRejectsTooManyValues() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"a\"");
            for (int i = 0; i < 2_100_000; i++) {
                out.write(",\"a\"");
            }
            out.write("]}}");
        }
        assertThatThrownBy(() -> LlamaTokenizer.load(file)).isInstanceOf(BadInputException.class);
        Files.writeString(file, "{\"model\":" + "[".repeat(100_000));
        assertThatThrownBy(() -> LlamaTokenizer.load(file)).isInstanceOf(BadInputException.class);
        Files.writeString(file, "{\"model\":" + "9".repeat(100_000) + "}");
        assertThatThrownBy(() -> LlamaTokenizer.load(file)).isInstanceOf(BadInputException.class);
    }
}
