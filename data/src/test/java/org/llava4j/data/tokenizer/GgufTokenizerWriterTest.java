package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.testing.Golden;

/** Tokenizers that are written into GGUF files and read back. */
class GgufTokenizerWriterTest {
    private static final int PIECES = 1000;

    @TempDir
    private Path temp;

    private final List<String> notices = new ArrayList<>();

    private Path folder() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("folder"));
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        return folder;
    }

    private Path write(Path folder, int rows) {
        GgufMetadataBuilder metadata = new GgufMetadataBuilder();
        GgufTokenizerWriter.write(folder, rows, metadata, notices::add);
        Path file = temp.resolve("model.gguf");
        try {
            return Files.write(file, GgufHeader.bytes(metadata, List.of()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writtenTokenizerGivesSameIds() throws IOException {
        Path folder = folder();
        LlamaTokenizer original = LlamaTokenizer.load(folder);
        LlamaTokenizer read = LlamaTokenizer.load(write(folder, PIECES));
        assertThat(read.size()).isEqualTo(original.size());
        for (JsonNode entry : Golden.json("e_spm/encode.json").get("cases")) {
            String text = entry.get("text").asText();
            assertThat(read.encodeWithBos(text)).as(text).isEqualTo(original.encodeWithBos(text));
            int[] ids = original.encodeWithBos(text);
            assertThat(read.decode(ids)).isEqualTo(original.decode(ids));
            assertThat(read.decodeWithSpecialTokens(ids)).isEqualTo(original.decodeWithSpecialTokens(ids));
        }
        assertThat(notices).isEmpty();
    }

    @Test
    void writtenTokenizerIsWrittenAgainUnchanged() throws IOException {
        byte[] first = Files.readAllBytes(write(folder(), PIECES + 3));
        Path copy = Files.write(temp.resolve("copy.gguf"), first);
        assertThat(Files.readAllBytes(write(copy, PIECES + 3))).isEqualTo(first);
    }

    @Test
    void addedTokensAndRowsWithoutTokenAreWritten() throws IOException {
        Path folder = folder();
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"added_tokens_decoder": {
                  "1001": {"content": "<pad>", "special": true},
                  "1002": {"content": "plain", "special": false},
                  "1005": {"content": "<image>", "special": true}},
                 "pad_token": "<pad>", "add_bos_token": false, "legacy": true}
                """);
        Path file = write(folder, PIECES + 4);
        GgufMetadata metadata = GgufHeader.read(file).metadata();
        assertThat(metadata.texts("tokenizer.ggml.tokens").subList(PIECES, PIECES + 4))
                .containsExactly("[PAD1000]", "<pad>", "plain", "[PAD1003]");
        assertThat(metadata.integers("tokenizer.ggml.token_type").subList(PIECES, PIECES + 4))
                .containsExactly(5L, 3L, 4L, 5L);
        LlamaTokenizer read = LlamaTokenizer.load(file);
        assertThat(read.padId()).isEqualTo(1001);
        assertThat(read.addsBos()).isFalse();
        assertThat(read.addedTokensAfterPieces()).containsOnlyKeys(1001, 1002);
        String text = "a <pad>plain text";
        assertThat(read.encodeWithBos(text))
                .isEqualTo(LlamaTokenizer.load(folder).encodeWithBos(text));
        assertThat(notices).singleElement().asString().contains("<image>").doesNotContain("<pad>");
    }

    @Test
    void settingsThatFileCannotHoldAreReported() throws IOException {
        Path folder = folder();
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"legacy": false, "added_tokens_decoder": {
                  "1000": {"content": "<x>", "special": true, "rstrip": true}}}
                """);
        write(folder, 900 + 101);
        assertThat(notices).hasSize(2);
        assertThat(String.join(" ", notices)).contains("legacy", "<x>", "rstrip");
        notices.clear();
        write(folder, 900);
        assertThat(String.join(" ", notices)).contains("100 pieces", "<x>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat_template.jinja", "chat_template.json", "tokenizer_config.json"})
    void chatTemplateIsWritten(String name) throws IOException {
        Path folder = folder();
        Files.writeString(folder.resolve(name), name.endsWith("json") ? "{\"chat_template\": \"{{ x }}\"}" : "{{ x }}");
        assertThat(GgufHeader.read(write(folder, PIECES)).metadata().text(GgufTokenizerWriter.CHAT_TEMPLATE))
                .isEqualTo("{{ x }}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llava", "llama", "older_tokenizer"})
    void ranksOfTokenizerJsonBecomeScores(String name) {
        Path folder = Golden.path("j_transformers5/" + name);
        LlamaTokenizer original = LlamaTokenizer.load(folder);
        LlamaTokenizer read = LlamaTokenizer.load(write(folder, original.size()));
        assertThat(read.size()).isEqualTo(original.size());
        for (JsonNode entry : Golden.json("e_spm/encode.json").get("cases")) {
            String text = entry.get("text").textValue();
            // The pre-tokenizer Metaspace adds no space before text that begins with one.
            if (name.equals("older_tokenizer") || !(text.matches("(?s)[ \u2581].*") || text.contains("> "))) {
                assertThat(read.encodeWithBos(text)).as(text).isEqualTo(original.encodeWithBos(text));
            }
        }
        if (name.equals("older_tokenizer")) {
            assertThat(notices).isEmpty();
        } else {
            assertThat(notices).singleElement().asString().contains("spaces", "\" Hello  world \"");
        }
    }

    @Test
    void writeRejectsFoldersWithoutPiecesOrRows() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        assertThatThrownBy(() -> write(empty, PIECES))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tokenizer.model");
        Path folder = folder();
        assertThatThrownBy(() -> write(folder, 2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("EOS", "2 rows");
    }
}
