package org.llava4j.data.tensors.torch;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** Pickles that ask for more than weights need: of none of it is anything run, made or set. */
class MaliciousPickleTest {
    private static final String FILE = "some/model.bin";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "posix system",
                "os system",
                "nt system",
                "builtins eval",
                "__builtin__ exec",
                "subprocess Popen",
                "torch load",
                "torch.storage _load_from_bytes",
                "torch._utils _rebuild_tensor",
                "torch ComplexFloatStorage",
                "collections defaultdict",
                "java.lang Runtime",
                "collections.OrderedDict fromkeys"
            })
    void whatever_else_a_pickle_asks_for_is_refused_by_name(String global) {
        String[] parts = global.split(" ");
        String name = global.replace(' ', '.');
        byte[] byGlobal = new PickleWriter()
                .global(parts[0], parts[1])
                .ascii("(")
                .text("touch /tmp/hacked")
                .ascii("tR")
                .end();
        assertRefused(byGlobal, "asks for " + name);
        byte[] byStack = new PickleWriter()
                .text(parts[0])
                .text(parts[1])
                .bytes(0x93)
                .text("touch /tmp/hacked")
                .bytes(0x85, 'R')
                .end();
        assertRefused(byStack, "asks for " + name);
        byte[] byInst = new PickleWriter()
                .ascii("(")
                .text("touch /tmp/hacked")
                .ascii("i" + parts[0] + "\n" + parts[1] + "\n")
                .end();
        assertRefused(byInst, "a " + name + " by INST");
    }

    @Test
    void names_may_not_be_hidden_in_the_parts_of_others() {
        assertRefused(new PickleWriter().text("os").number(1).bytes(0x93).end(), "a name that is no text");
        assertRefused(new PickleWriter().ascii("cos\n").end(), "bytes where");
        assertRefused(
                new PickleWriter().ascii("c" + "x".repeat(2000) + "\nname\n").end(), "more than 1000 bytes");
        assertRefused(new PickleWriter().global("x".repeat(900), "y").end(), "x".repeat(80) + "..");
        assertRefused(new PickleWriter().global("a\u2028b", "y\r").end(), "asks for a b.y ");
    }

    @Test
    void objects_are_not_made() {
        assertRefused(
                new PickleWriter()
                        .global("torch", "FloatStorage")
                        .ascii(")")
                        .bytes(0x81)
                        .end(),
                "NEWOBJ");
        assertRefused(
                new PickleWriter()
                        .global("torch", "FloatStorage")
                        .ascii(")}")
                        .bytes(0x92)
                        .end(),
                "NEWOBJ_EX");
        assertRefused(
                new PickleWriter().ascii("(").global("torch", "Size").ascii("o").end(), "OBJ");
        assertRefused(new PickleWriter().bytes(0x82, 1).end(), "EXT1");
        assertRefused(new PickleWriter().ascii("P0\n").end(), "PERSID");
        assertRefused(new PickleWriter().bytes(0xff).end(), "the byte 255");
        assertRefused(new PickleWriter().bytes(0x80, 9).end(), "protocol 9");
    }

    @Test
    void calls_other_than_those_of_weights_are_refused() {
        assertRefused(
                new PickleWriter().global("torch", "FloatStorage").ascii(")R").end(), "no function");
        assertRefused(new PickleWriter().text("f").ascii(")R").end(), "no function");
        assertRefused(new PickleWriter().global("torch", "Size").ascii("]R").end(), "no arguments");
        assertRefused(new PickleWriter().global("torch", "Size").ascii(")R").end(), "torch.Size with other arguments");
        assertRefused(
                new PickleWriter()
                        .global("collections", "OrderedDict")
                        .ascii("](tR")
                        .end(),
                "no function");
        assertRefused(
                new PickleWriter()
                        .global("collections", "OrderedDict")
                        .ascii("(]tR")
                        .end(),
                "other arguments");
        assertRefused(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_tensor_v2")
                        .ascii(")R")
                        .end(),
                "other arguments");
        assertRefused(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_parameter")
                        .ascii("(NNNtR")
                        .end(),
                "other arguments");
        assertRefused(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_tensor_v2")
                        .ascii("(NNNNNN}tR")
                        .end(),
                "negated");
    }

    @Test
    void a_tensor_has_sizes_and_strides_that_fit_and_count() {
        assertRefused(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, -1, new long[] {2}, new long[] {1})
                        .end(),
                "whole number from 0");
        assertRefused(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 0, new long[] {-2}, new long[] {1})
                        .end(),
                "whole number from 0");
        assertRefused(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 3, new long[] {2}, new long[] {-1})
                        .end(),
                "whole number from 0");
        assertRefused(
                new PickleWriter()
                        .tensor("FloatStorage", "0", -4, 0, new long[] {2}, new long[] {1})
                        .end(),
                "whole number from 0");
        assertRefused(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 0, new long[] {2, 2}, new long[] {1})
                        .end(),
                "other arguments");
        assertRefused(new PickleWriter().text("storage").ascii("Q").end(), "no storage");
        assertRefused(new PickleWriter().ascii("(NNNNNtQ").end(), "no storage");
    }

    @Test
    void a_state_is_set_on_nothing_but_a_dictionary_of_weights() {
        assertRefused(
                new PickleWriter().ascii(")}").text("_metadata").ascii("Nsb").end(), "BUILD");
        assertRefused(
                new PickleWriter().global("torch", "Size").ascii("}b").end(), "sets the state of an object by BUILD");
        assertRefused(new PickleWriter().orderedDict().ascii("Nb").end(), "BUILD");
        assertRefused(
                new PickleWriter()
                        .orderedDict()
                        .ascii("}")
                        .text("__class__")
                        .ascii("Nsb")
                        .end(),
                "\"__class__\" of a dictionary by BUILD");
        assertRefused(
                new PickleWriter()
                        .orderedDict()
                        .ascii("}")
                        .number(3)
                        .ascii("Nsb")
                        .end(),
                "\"3\" of a dictionary");
    }

    private static void assertRefused(byte[] pickle, String reason) {
        assertThatThrownBy(() -> Unpickler.read(ByteBuffer.wrap(pickle), FILE))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(FILE)
                .hasMessageContaining(reason);
    }
}
