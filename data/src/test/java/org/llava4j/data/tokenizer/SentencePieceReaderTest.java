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

/** Models put together byte by byte: what is read of them, what is refused, and kinds of piece no golden model has. */
class SentencePieceReaderTest {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    @Test
    void aModelWithoutByteFallbackMakesOneUnknownOfARun() {
        LlamaTokenizer tokenizer = tokenizer(small());
        assertThat(pieces(tokenizer, "ab")).containsExactly("▁", "ab");
        assertThat(pieces(tokenizer, "axyb")).containsExactly("▁", "a", "<unk>", "b");
        assertThat(tokenizer.decodePieces(tokenizer.encode("axyb"))).isEqualTo("a ⁇ b");
    }

    @Test
    void aUserDefinedPieceIsNeverTakenApartOrJoined() {
        LlamaTokenizer tokenizer = tokenizer(small().piece("abab", 0, USER_DEFINED));
        assertThat(pieces(tokenizer, "aabab")).containsExactly("▁", "a", "abab");
        assertThat(pieces(tokenizer, "ababb")).containsExactly("▁", "abab", "b");
    }

    @Test
    void anUnusedPieceIsTakenApartAgain() {
        Model model = small().piece("aa", -1, UNUSED).piece("aab", -2, NORMAL);
        assertThat(pieces(tokenizer(model), "aa")).containsExactly("▁", "a", "a");
        // Passing through it is allowed; ab would come first by its score, were it not below.
        assertThat(pieces(tokenizer(small().piece("aa", 5, UNUSED).piece("aab", 4, NORMAL)), "aab"))
                .containsExactly("▁", "aab");
    }

    @Test
    void theHigherScoreIsJoinedFirstAndOfEqualsTheLeft() {
        Model model = small().piece("ba", 9, NORMAL);
        assertThat(pieces(tokenizer(model), "aba")).containsExactly("▁", "a", "ba");
        Model equal = small().piece("aa", 1, NORMAL);
        assertThat(pieces(tokenizer(equal), "aaa")).containsExactly("▁", "aa", "a");
    }

    @Test
    void whatTheEncoderCannotDoIsRefusedByName() {
        refused(small().modelType(1), "not a byte-pair model (model type 1)");
        refused(small().normalizer(2, "rules"), "rewrites its text");
        refused(small().normalizer(4, 1), "removes extra spaces");
        refused(small().normalizer(5, 0), "does not escape spaces");
        refused(small().trainer(24, 1), "puts the space after a word");
    }

    @Test
    void modelsThatContradictThemselvesAreRefused() {
        refused(new Model().modelType(2), "holds no pieces");
        refused(small().piece("a", 0, NORMAL), "are both \"a\"");
        refused(small().piece("", 0, NORMAL), "is empty");
        refused(small().piece("<unk2>", 0, UNKNOWN), "has 2 unknown pieces");
        refused(small().piece("z", Float.NaN, NORMAL), "has no score");
        refused(small().piece("z", 0, 9), "has unknown type 9");
        refused(small().piece("<0xZZ>", 0, 6), "not of the form <0x0A>");
        refused(small().piece("<0x0A>", 0, 6).trainer(35, 1), "1 of 256 byte pieces");
        assertThatThrownBy(() -> SentencePieceReader.read("m", small().bytes(1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("not a whole SentencePiece model");
    }

    private static void refused(Model model, String message) {
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

    /** Writes a model's fields; of a field given twice the reader takes the last. */
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
