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
    void chatTemplateIsRead(String name) throws IOException {
        Path folder = folder();
        Files.writeString(folder.resolve(name), name.endsWith("json") ? "{\"chat_template\": \"{{ x }}\"}" : "{{ x }}");
        assertThat(TokenizerFiles.chatTemplate(folder, notices::add)).isEqualTo("{{ x }}");
        assertThat(notices).isEmpty();
    }

    @Test
    void listOfChatTemplatesIsReported() throws IOException {
        Path folder = folder();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"default\", \"template\": \"x\"}]}");
        assertThat(TokenizerFiles.chatTemplate(folder, notices::add)).isNull();
        assertThat(notices).singleElement().asString().contains("tokenizer_config.json", "list");
    }

    @Test
    void unusedTokensHaveTextsOfTheirOwn() throws IOException {
        Path folder = folder();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"1001\": {\"content\": \"[PAD1000]\", \"special\": true}}}");
        Path file = write(folder, PIECES + 2);
        assertThat(GgufHeader.read(file)
                        .metadata()
                        .texts("tokenizer.ggml.tokens")
                        .subList(PIECES, PIECES + 2))
                .containsExactly("[[PAD1000]]", "[PAD1000]");
        assertThat(LlamaTokenizer.load(file).addedId("[PAD1000]")).isEqualTo(1001);
    }

    @Test
    void writeRejectsTokensWithEqualTexts() throws IOException {
        Path folder = folder();
        String piece = LlamaTokenizer.load(folder).piece(500);
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"1000\": {\"content\": \"" + piece + "\", \"special\": false}}}");
        assertRejected(folder, "500", "1000", piece);
    }

    @Test
    void writeRejectsTokenizersWithoutByteFallback() throws IOException {
        Path folder = folder();
        SentencePieceModel model = SentencePieceReader.read(folder.resolve("tokenizer.model"));
        SentencePieceModel withoutBytes = new SentencePieceModel(
                "model",
                model.pieces().stream()
                        .filter(piece -> piece.type() != SentencePiece.Type.BYTE)
                        .toList(),
                false,
                true,
                GgufTokenizer.UNKNOWN_SURFACE);
        Files.write(folder.resolve("tokenizer.model"), SentencePieceWriter.bytes(withoutBytes));
        assertRejected(folder, "tokenizer.model", "no byte fallback");
        Files.delete(folder.resolve("tokenizer.model"));
        writeJson(folder, "\"byte_fallback\": true", "\"byte_fallback\": false");
        assertRejected(folder, "tokenizer.json", "no byte fallback");
    }

    /** A space before the first text, but not before text after a special token. */
    @Test
    void writeRejectsTokenizerJsonWithOtherIds() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("folder"));
        writeJson(folder, "\"always\"", "\"first\"");
        assertRejected(folder, "tokenizer.json", "is encoded as", "export another layout");
    }

    private static void writeJson(Path folder, String before, String after) throws IOException {
        String json = Files.readString(Golden.path("j_transformers5/llama/tokenizer.json"));
        assertThat(json).contains(before);
        Files.writeString(folder.resolve("tokenizer.json"), json.replace(before, after));
    }

    private void assertRejected(Path folder, String... messages) {
        assertThatThrownBy(() -> write(folder, PIECES + 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(messages)
                .hasMessageNotContaining("\n");
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
            assertThat(notices).singleElement().asString().contains("no space", "\" Hello  world \"");
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
