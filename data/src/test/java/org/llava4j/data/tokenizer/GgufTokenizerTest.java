package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.GgufBuilder;
import org.llava4j.testing.Golden;

class GgufTokenizerTest {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final Path GOLDEN = Golden.path("k_gguf/model.gguf");
    private static final LlamaTokenizer MODEL = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));

    @TempDir
    private Path temp;

    /** The pieces {@code <unk> <s> </s> ▁ a b ab}, then tokens of given types. */
    private GgufBuilder small(Object... appended) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "▁", "a", "b", "ab"));
        List<Integer> types = new ArrayList<>(List.of(2, 3, 3, 1, 1, 1, 1));
        for (int i = 0; i < appended.length; i += 2) {
            tokens.add((String) appended[i]);
            types.add((Integer) appended[i + 1]);
        }
        float[] scores = new float[tokens.size()];
        for (int id = 0; id < scores.length; id++) {
            scores[id] = -id;
        }
        return new GgufBuilder()
                .text("general.architecture", "llama")
                .text(PREFIX + "model", "llama")
                .texts(PREFIX + "tokens", tokens)
                .decimals(PREFIX + "scores", scores)
                .integers(
                        PREFIX + "token_type",
                        types.stream().mapToInt(Integer::intValue).toArray())
                .integer(PREFIX + "unknown_token_id", 0)
                .integer(PREFIX + "bos_token_id", 1)
                .integer(PREFIX + "eos_token_id", 2);
    }

    private LlamaTokenizer load(GgufBuilder builder) {
        return LlamaTokenizer.load(builder.write(temp.resolve("model.gguf")));
    }

    private void assertRejected(GgufBuilder builder, String... parts) {
        assertThatThrownBy(() -> load(builder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining("model.gguf")
                .hasMessageNotContaining("\n");
    }

    @Test
    void idsEqualThoseOfTheSentencePieceModel() {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(GOLDEN);
        JsonNode cases = Golden.json("e_spm/encode.json").get("cases");
        assertThat(cases).hasSize(45);
        for (JsonNode golden : cases) {
            String text = golden.get("text").textValue();
            assertThat(tokenizer.encode(text)).isEqualTo(Golden.ints(golden.get("sp_ids")));
            assertThat(tokenizer.encodeWithBos(text)).isEqualTo(Golden.ints(golden.get("hf_legacy")));
            assertThat(tokenizer.encodeWithImages(text)).isEqualTo(Golden.ints(golden.get("image_token_legacy")));
            assertThat(tokenizer.decode(Golden.ints(golden.get("hf_legacy"))))
                    .isEqualTo(golden.get("hf_legacy_decode_skip").textValue());
        }
        assertThat(tokenizer.size()).isEqualTo(MODEL.size());
        assertThat(tokenizer.padId()).isEqualTo(MODEL.padId());
    }

    @Test
    void tokensAfterThePiecesAreAddedTokens() {
        LlamaTokenizer tokenizer = load(small("<image>", 4, "<end>", 3, "[PAD9]", 5));
        assertThat(tokenizer.addedTokensAfterPieces()).containsOnlyKeys(7, 8);
        assertThat(tokenizer.encodeWithBos("ab<end>")).containsExactly(1, 3, 6, 8);
        assertThat(tokenizer.isDefined(9)).isFalse();
        assertThat(tokenizer.encode("a<image>")).doesNotContain(7);
        assertThat(tokenizer.decode(new int[] {6, 8})).isEqualTo("ab");
    }

    @Test
    void settingsAreThoseOfTheFile() {
        LlamaTokenizer tokenizer =
                load(small().bool(PREFIX + "add_bos_token", false).bool(PREFIX + "add_space_prefix", false));
        assertThat(tokenizer.encodeWithBos("ab")).containsExactly(6);
        assertThat(load(small()).encodeWithBos("ab")).containsExactly(1, 3, 6);
    }

    @Test
    void writeFilesKeepsTheTokenizer() {
        Path file = small("<image>", 4, "<end>", 3).write(temp.resolve("model.gguf"));
        GgufTokenizer.writeFiles(file, temp);
        LlamaTokenizer original = LlamaTokenizer.load(file);
        LlamaTokenizer written = LlamaTokenizer.load(temp);
        assertThat(written.size()).isEqualTo(original.size());
        assertThat(written.addedTokensAfterPieces()).isEqualTo(original.addedTokensAfterPieces());
        for (String text : List.of("ab<end>ba", " a  b</s>", "<image>b", "x")) {
            assertThat(written.encodeWithBos(text)).isEqualTo(original.encodeWithBos(text));
        }
        GgufTokenizer.writeFiles(GOLDEN, temp);
        assertThat(LlamaTokenizer.load(temp).encodeWithBos("Hello wörld </s> 你"))
                .isEqualTo(MODEL.encodeWithBos("Hello wörld </s> 你"));
    }

    @Test
    void loadRejectsOtherTokenizers() {
        assertRejected(small().text(PREFIX + "model", "gpt2"), "tokenizer.ggml.model", "\"gpt2\"");
        assertRejected(small().without(PREFIX + "model"), "tokenizer.ggml.model", "is missing");
        assertRejected(small().bool(PREFIX + "add_eos_token", true), "add_eos_token", "not supported");
        assertRejected(small().bool(PREFIX + "remove_extra_whitespaces", true), "remove_extra_whitespaces");
        assertRejected(small().integers(PREFIX + "precompiled_charsmap", 1), "precompiled_charsmap");
    }

    @Test
    void loadRejectsInconsistentTokens() {
        assertRejected(small().decimals(PREFIX + "scores", 1, 2), "scores", "2 entries", "has 7");
        assertRejected(small().integers(PREFIX + "token_type", 2), "token_type", "1 entries");
        assertRejected(small("x", 9), "token_type", "unknown type 9 at 7");
        assertRejected(small("a", 1), "pieces 4 and 7 are both \"a\"");
        assertRejected(small().integer(PREFIX + "eos_token_id", 70), "eos_token_id", "is 70");
        assertRejected(small("<0x41>", 6), "1 of 256 byte pieces");
        assertRejected(small("c", 2), "2 unknown pieces");
        assertRejected(small("<e>", 1).decimals(PREFIX + "scores", 0, 0, 0, 0, 0, 0, 0, Float.NaN), "NaN at 7");
    }
}
