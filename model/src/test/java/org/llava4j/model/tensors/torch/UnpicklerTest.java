package org.llava4j.model.tensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.llava4j.data.BadInputException;

/** Valid and damaged pickles of weights; for forbidden content see {@link MaliciousPickleTest}. */
@Timeout(20)
class UnpicklerTest {
    private static final String FILE = "some/model.bin";

    @Test
    void readReturnsEverySupportedType() {
        byte[] pickle = new PickleWriter()
                .ascii("}(")
                .text("none")
                .ascii("N")
                .text("number")
                .number(-5)
                .text("small")
                .bytes('K', 200)
                .text("middle")
                .bytes('M', 1, 2)
                .text("negative")
                .ascii("J")
                .int32(-7)
                .text("fraction")
                .bytes('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)
                .text("list")
                .ascii("](")
                .text("ä")
                .bytes(0x88, 'e')
                .text("zero")
                .bytes(0x8a, 0)
                .ascii("u")
                .end();
        assertThat(read(pickle))
                .isEqualTo(Map.of(
                        "none",
                        Unpickler.NONE,
                        "number",
                        -5L,
                        "small",
                        200L,
                        "middle",
                        513L,
                        "negative",
                        -7L,
                        "fraction",
                        1.5,
                        "list",
                        List.of("ä", true),
                        "zero",
                        0L));
    }

    @Test
    void readReturnsTensor() {
        byte[] pickle = new PickleWriter()
                .tensor("HalfStorage", "17", 12, 1, new long[] {2, 3}, new long[] {3, 1})
                .end();
        PickledTensor tensor = (PickledTensor) read(pickle);
        assertThat(tensor.storage()).isEqualTo(new PickledTensor.Storage(StorageType.HALF, "17", 12));
        assertThat(tensor.offset()).isEqualTo(1);
        assertThat(tensor.shape()).containsExactly(2, 3);
        assertThat(tensor.strides()).containsExactly(3, 1);
    }

    @Test
    void readReturnsSizeAndIgnoresModuleVersions() {
        byte[] pickle = new PickleWriter()
                .orderedDict()
                .text("size")
                .global("torch", "Size")
                .ascii("(")
                .numbers(1, 2)
                .ascii("tRs}")
                .text("_metadata")
                .ascii("}sb")
                .end();
        Object size = ((Map<?, ?>) read(pickle)).get("size");
        assertThat((Object[]) size).containsExactly(1L, 2L);
    }

    @Test
    void readRejectsLengthBeyondEnd() {
        assertRejected(new PickleWriter().ascii("X").int32(-1).ascii("abc").end(), "declares 4294967295 bytes");
        assertRejected(new PickleWriter().bytes(0x8d).int32(-1).int32(-1).end(), "declares 18446744073709551615 bytes");
        assertRejected(new PickleWriter().bytes(0x8d).int32(0).int32(1).end(), "declares 4294967296 bytes");
        assertRejected(new PickleWriter().bytes(0x8a, 255).end(), "an integer of 255 bytes");
        assertRejected(new PickleWriter().bytes(0x8b).int32(Integer.MAX_VALUE).end(), "LONG4");
        assertRejected(new PickleWriter().ascii("B").int32(Integer.MAX_VALUE).end(), "BINBYTES");
        assertRejected(new PickleWriter().bytes(0x96).int32(-1).int32(0).end(), "BYTEARRAY8");
        assertRejected(new PickleWriter().ascii("X").int32(1).bytes(0xff).end(), "not UTF-8");
    }

    @Test
    void memoReturnsOnlyStoredValues() {
        assertThat(read(new PickleWriter().ascii("Nr").int32(-1).end())).isSameAs(Unpickler.NONE);

        assertRejected(
                new PickleWriter().ascii("j").int32(Integer.MAX_VALUE).end(), "memo entry 2147483647, which was never");
        assertRejected(new PickleWriter().ascii("q").bytes(0).end(), "empty stack");
        assertRejected(new PickleWriter().ascii("(q").bytes(0).end(), "empty stack");
    }

    @Test
    void repeatedReferencesAreNotExpanded() {
        PickleWriter pickle = new PickleWriter().ascii("](]").text("ha").ascii("a");
        for (int level = 0; level < 200; level++) {
            pickle.ascii("q").bytes(level).ascii("](");
            for (int i = 0; i < 10; i++) {
                pickle.ascii("h").bytes(level);
            }
            pickle.ascii("e");
        }
        assertThat(read(pickle.ascii("e").end())).isInstanceOf(List.class);
    }

    @Test
    void deepAndCircularValuesAreNotTraversed() {
        PickleWriter deep = new PickleWriter().ascii(")");
        for (int level = 0; level < 500_000; level++) {
            deep.bytes(0x85);
        }
        assertThat(read(deep.end())).isInstanceOf(Object[].class);

        byte[] circular = new PickleWriter()
                .ascii("]q")
                .bytes(0)
                .ascii("h")
                .bytes(0)
                .ascii("a")
                .end();
        assertThat(read(circular)).isInstanceOf(List.class);

        byte[] circularKey = new PickleWriter()
                .ascii("}q")
                .bytes(0)
                .ascii("h")
                .bytes(0)
                .ascii("Ns")
                .end();
        assertRejected(circularKey, "a key that is neither a string nor an integer");
    }

    @Test
    void readLimitsNumberOfInstructions() {
        byte[] many = new byte[Unpickler.MAX_INSTRUCTIONS + 10];
        Arrays.fill(many, (byte) '}');
        assertRejected(many, "more than 4000000 instructions");
        Arrays.fill(many, (byte) '(');
        assertRejected(many, "more than 4000000 instructions");
    }

    @Test
    void readRejectsInvalidItems() {
        assertRejected(new PickleWriter().ascii("](NNu").end(), "not a dictionary");
        assertRejected(new PickleWriter().ascii("}(Nu").end(), "a key without a value");
        assertRejected(new PickleWriter().ascii("}Na").end(), "not a list");
        assertRejected(
                new PickleWriter()
                        .ascii("}(")
                        .text("a")
                        .ascii("N")
                        .text("a")
                        .ascii("Nu")
                        .end(),
                "\"a\" twice");
        assertRejected(new PickleWriter().ascii("}u").end(), "no matching MARK");
        assertRejected(new PickleWriter().ascii("N(t").bytes(0x86).ascii("t").end(), "no matching MARK");
        assertRejected(new PickleWriter().ascii("N(").bytes(0x85).end(), "empty stack");
    }

    @Test
    void readRejectsExtraContent() {
        assertRejected(new PickleWriter().end(), "empty stack");
        assertRejected(new PickleWriter().ascii("NN").end(), "1 extra values");
        assertRejected(new PickleWriter().ascii("(N").end(), "1 extra values");
        assertRejected(new PickleWriter().ascii("N.N").end(), "2 bytes after its end");
    }

    @Test
    void readRejectsTruncatedPickle() {
        byte[] valid = PickleWriter.single("FloatStorage", "0", 4, 0, new long[] {2, 2}, new long[] {2, 1});
        read(valid);
        for (int length = 0; length < valid.length; length++) {
            byte[] cut = Arrays.copyOf(valid, length);
            assertThat(catchThrowable(() -> read(cut)))
                    .as("cut at byte %d", length)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(FILE);
        }
    }

    private static Object read(byte[] pickle) {
        return Unpickler.read(ByteBuffer.wrap(pickle), FILE);
    }

    private static void assertRejected(byte[] pickle, String reason) {
        assertThatThrownBy(() -> read(pickle))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(FILE)
                .hasMessageContaining(reason);
    }
}
