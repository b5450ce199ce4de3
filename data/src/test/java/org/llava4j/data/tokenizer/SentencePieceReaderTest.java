package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

/** Handcrafted models: supported and unsupported features, and piece types that the golden model lacks. */
class SentencePieceReaderTest {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    @Test
    void encodeMergesUnknownRun() {
        LlamaTokenizer tokenizer = tokenizer(small());
        assertThat(pieces(tokenizer, "ab")).containsExactly("▁", "ab");
        assertThat(pieces(tokenizer, "axyb")).containsExactly("▁", "a", "<unk>", "b");
        assertThat(tokenizer.decodePieces(tokenizer.encode("axyb"))).isEqualTo("a ⁇ b");
    }

    @Test
    void encodeKeepsUserDefinedPieceWhole() {
        LlamaTokenizer tokenizer = tokenizer(small().piece("abab", 0, USER_DEFINED));
        assertThat(pieces(tokenizer, "aabab")).containsExactly("▁", "a", "abab");
        assertThat(pieces(tokenizer, "ababb")).containsExactly("▁", "abab", "b");
    }

    @Test
    void encodeSplitsUnusedPiece() {
        Model model = small().piece("aa", -1, UNUSED).piece("aab", -2, NORMAL);
        assertThat(pieces(tokenizer(model), "aa")).containsExactly("▁", "a", "a");
        // Merging through the unused piece is allowed; ab has a lower score.
        assertThat(pieces(tokenizer(small().piece("aa", 5, UNUSED).piece("aab", 4, NORMAL)), "aab"))
                .containsExactly("▁", "aab");
    }

    @Test
    void encodeMergesHighestScoreThenLeftmost() {
        Model model = small().piece("ba", 9, NORMAL);
        assertThat(pieces(tokenizer(model), "aba")).containsExactly("▁", "a", "ba");
        Model equal = small().piece("aa", 1, NORMAL);
        assertThat(pieces(tokenizer(equal), "aaa")).containsExactly("▁", "aa", "a");
    }

    @Test
    void readRejectsUnsupportedFeatures() {
        rejected(small().modelType(1), "not a byte-pair model (model type 1)");
        rejected(small().normalizer(2, "rules"), "normalizes text");
        rejected(small().normalizer(4, 1), "removes extra spaces");
        rejected(small().normalizer(5, 0), "does not escape spaces");
        rejected(small().trainer(24, 1), "treats whitespace as a suffix");
    }

    @Test
    void readRejectsInconsistentModel() {
        rejected(new Model().modelType(2), "contains no pieces");
        rejected(small().piece("a", 0, NORMAL), "are both \"a\"");
        rejected(small().piece("", 0, NORMAL), "is empty");
        rejected(small().piece("<unk2>", 0, UNKNOWN), "has 2 unknown pieces");
        rejected(small().piece("z", Float.NaN, NORMAL), "has no score");
        rejected(small().piece("z", 0, 9), "has unknown type 9");
        rejected(small().piece("<0xZZ>", 0, 6), "not of the form <0x0A>");
        rejected(small().piece("<0x0A>", 0, 6).trainer(35, 1), "1 of 256 byte pieces");
        assertThatThrownBy(() -> SentencePieceReader.read("m", small().bytes(1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("invalid SentencePiece model");
    }

    private static void rejected(Model model, String message) {
        assertThatThrownBy(() -> SentencePieceReader.read("m", model.bytes(0)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("m: ")
                .hasMessageContaining(message);
    }

    private static LlamaTokenizer tokenizer(Model model) {
        return LlamaTokenizer.of(
                SentencePieceReader.read("m", model.bytes(0)), java.nio.file.Path.of("no such folder"));
    }

    private static List<String> pieces(LlamaTokenizer tokenizer, String text) {
        return java.util.Arrays.stream(tokenizer.encode(text))
                .mapToObj(tokenizer::piece)
                .toList();
    }

    private static Model small() {
        return new Model()
                .piece("<unk>", 0, UNKNOWN)
                .piece("<s>", 0, CONTROL)
                .piece("</s>", 0, CONTROL)
                .piece("▁", 0, NORMAL)
                .piece("a", 0, NORMAL)
                .piece("b", 0, NORMAL)
                .piece("ab", 3, NORMAL)
                .modelType(2)
                .normalizer(4, 0);
    }

    /** Builder of a serialized model; for a repeated field the reader uses the last value. */
    private static final class Model {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Model piece(String text, float score, int type) {
            ByteArrayOutputStream piece = new ByteArrayOutputStream();
            bytes(piece, 1, text.getBytes(StandardCharsets.UTF_8));
            piece.write(2 << 3 | 5);
            piece.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(score)
                    .array());
            number(piece, 3, type);
            bytes(out, 1, piece.toByteArray());
            return this;
        }

        Model modelType(int type) {
            return trainer(3, type);
        }

        Model trainer(int field, int value) {
            ByteArrayOutputStream spec = new ByteArrayOutputStream();
            number(spec, field, value);
            bytes(out, 2, spec.toByteArray());
            return this;
        }

        Model normalizer(int field, int value) {
            ByteArrayOutputStream spec = new ByteArrayOutputStream();
            number(spec, field, value);
            bytes(out, 3, spec.toByteArray());
            return this;
        }

        Model normalizer(int field, String value) {
            ByteArrayOutputStream spec = new ByteArrayOutputStream();
            bytes(spec, field, value.getBytes(StandardCharsets.UTF_8));
            bytes(out, 3, spec.toByteArray());
            return this;
        }

        byte[] bytes(int cutOff) {
            return java.util.Arrays.copyOf(out.toByteArray(), out.size() - cutOff);
        }

        private static void number(ByteArrayOutputStream to, int field, int value) {
            varint(to, field << 3);
            varint(to, value);
        }

        private static void bytes(ByteArrayOutputStream to, int field, byte[] value) {
            varint(to, field << 3 | 2);
            varint(to, value.length);
            to.writeBytes(value);
        }

        private static void varint(ByteArrayOutputStream to, int value) {
            for (; value > 127; value >>>= 7) {
                to.write((value & 127) | 128);
            }
            to.write(value);
        }
    }
}
