package org.llava4j.data.tensors.torch;

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

/** Pickles of weights, and damaged ones; those that ask for more are in {@link MaliciousPickleTest}. */
@Timeout(20)
class UnpicklerTest {
    private static final String FILE = "some/model.bin";

    @Test
    void what_weights_are_made_of_is_read() {
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
    void a_tensor_is_what_its_call_says() {
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
    void a_size_is_its_numbers_and_the_versions_of_a_module_are_skipped() {
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
    void lengths_are_believed_only_as_far_as_there_are_bytes() {
        assertRefused(new PickleWriter().ascii("X").int32(-1).ascii("abc").end(), "asks for 4294967295 bytes");
        assertRefused(new PickleWriter().bytes(0x8d).int32(-1).int32(-1).end(), "asks for 18446744073709551615 bytes");
        assertRefused(new PickleWriter().bytes(0x8d).int32(0).int32(1).end(), "asks for 4294967296 bytes");
        assertRefused(new PickleWriter().bytes(0x8a, 255).end(), "a number of 255 bytes");
        assertRefused(new PickleWriter().bytes(0x8b).int32(Integer.MAX_VALUE).end(), "LONG4");
        assertRefused(new PickleWriter().ascii("B").int32(Integer.MAX_VALUE).end(), "BINBYTES");
        assertRefused(new PickleWriter().bytes(0x96).int32(-1).int32(0).end(), "BYTEARRAY8");
        assertRefused(new PickleWriter().ascii("X").int32(1).bytes(0xff).end(), "not UTF-8");
    }

    @Test
    void the_memo_gives_back_only_what_was_kept_and_takes_no_room_for_its_numbers() {
        assertThat(read(new PickleWriter().ascii("Nr").int32(-1).end())).isSameAs(Unpickler.NONE);

        assertRefused(new PickleWriter().ascii("j").int32(Integer.MAX_VALUE).end(), "value 2147483647, which it never");
        assertRefused(new PickleWriter().ascii("q").bytes(0).end(), "not there");
        assertRefused(new PickleWriter().ascii("(q").bytes(0).end(), "not there");
    }

    @Test
    void a_billion_laughs_stay_a_few_references() {
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
    void deep_and_circular_values_are_held_and_never_walked() {
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
        assertRefused(circularKey, "a key that is neither text nor number");
    }

    @Test
    void the_number_of_instructions_is_limited() {
        byte[] many = new byte[Unpickler.MAX_INSTRUCTIONS + 10];
        Arrays.fill(many, (byte) '}');
        assertRefused(many, "more than 4000000 instructions");
        Arrays.fill(many, (byte) '(');
        assertRefused(many, "more than 4000000 instructions");
    }

    @Test
    void dictionaries_and_lists_take_what_fits_them() {
        assertRefused(new PickleWriter().ascii("](NNu").end(), "no dictionary");
        assertRefused(new PickleWriter().ascii("}(Nu").end(), "a key without a value");
        assertRefused(new PickleWriter().ascii("}Na").end(), "no list");
        assertRefused(
                new PickleWriter()
                        .ascii("}(")
                        .text("a")
                        .ascii("N")
                        .text("a")
                        .ascii("Nu")
                        .end(),
                "\"a\" twice");
        assertRefused(new PickleWriter().ascii("}u").end(), "never opened");
        assertRefused(new PickleWriter().ascii("N(t").bytes(0x86).ascii("t").end(), "never opened");
        assertRefused(new PickleWriter().ascii("N(").bytes(0x85).end(), "not there");
    }

    @Test
    void a_pickle_ends_with_one_value_and_nothing_after_it() {
        assertRefused(new PickleWriter().end(), "not there");
        assertRefused(new PickleWriter().ascii("NN").end(), "1 values left over");
        assertRefused(new PickleWriter().ascii("(N").end(), "1 values left over");
        assertRefused(new PickleWriter().ascii("N.N").end(), "2 bytes after its end");
    }

    @Test
    void a_pickle_cut_off_anywhere_is_refused() {
        byte[] sound = PickleWriter.single("FloatStorage", "0", 4, 0, new long[] {2, 2}, new long[] {2, 1});
        read(sound);
        for (int length = 0; length < sound.length; length++) {
            byte[] cut = Arrays.copyOf(sound, length);
            assertThat(catchThrowable(() -> read(cut)))
                    .as("cut at byte %d", length)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(FILE);
        }
    }

    private static Object read(byte[] pickle) {
        return Unpickler.read(ByteBuffer.wrap(pickle), FILE);
    }

    private static void assertRefused(byte[] pickle, String reason) {
        assertThatThrownBy(() -> read(pickle))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(FILE)
                .hasMessageContaining(reason);
    }
}
