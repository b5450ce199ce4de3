package org.llava4j.model.tensors.torch;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** Pickles with more than weights: nothing of it is executed, created or set. */
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
    void readRejectsForbiddenGlobal(String global) {
        String[] parts = global.split(" ");
        String name = global.replace(' ', '.');
        byte[] byGlobal = new PickleWriter()
                .global(parts[0], parts[1])
                .ascii("(")
                .text("touch /tmp/hacked")
                .ascii("tR")
                .end();
        assertRejected(byGlobal, "refers to " + name);
        byte[] byStack = new PickleWriter()
                .text(parts[0])
                .text(parts[1])
                .bytes(0x93)
                .text("touch /tmp/hacked")
                .bytes(0x85, 'R')
                .end();
        assertRejected(byStack, "refers to " + name);
        byte[] byInst = new PickleWriter()
                .ascii("(")
                .text("touch /tmp/hacked")
                .ascii("i" + parts[0] + "\n" + parts[1] + "\n")
                .end();
        assertRejected(byInst, "a " + name + " with INST");
    }

    @Test
    void readRejectsDisguisedGlobal() {
        assertRejected(
                new PickleWriter().text("os").number(1).bytes(0x93).end(), "a global whose name is not a string");
        assertRejected(new PickleWriter().ascii("cos\n").end(), "bytes where");
        assertRejected(
                new PickleWriter().ascii("c" + "x".repeat(2000) + "\nname\n").end(), "more than 1000 bytes");
        assertRejected(new PickleWriter().global("x".repeat(900), "y").end(), "x".repeat(80) + "..");
        assertRejected(new PickleWriter().global("a\u2028b", "y\r").end(), "refers to a b.y");
    }

    @Test
    void readRejectsObjectCreation() {
        assertRejected(
                new PickleWriter()
                        .global("torch", "FloatStorage")
                        .ascii(")")
                        .bytes(0x81)
                        .end(),
                "NEWOBJ");
        assertRejected(
                new PickleWriter()
                        .global("torch", "FloatStorage")
                        .ascii(")}")
                        .bytes(0x92)
                        .end(),
                "NEWOBJ_EX");
        assertRejected(
                new PickleWriter().ascii("(").global("torch", "Size").ascii("o").end(), "OBJ");
        assertRejected(new PickleWriter().bytes(0x82, 1).end(), "EXT1");
        assertRejected(new PickleWriter().ascii("P0\n").end(), "PERSID");
        assertRejected(new PickleWriter().bytes(0xff).end(), "the byte 255");
        assertRejected(new PickleWriter().bytes(0x80, 9).end(), "protocol 9");
    }

    @Test
    void readRejectsForbiddenCall() {
        assertRejected(
                new PickleWriter().global("torch", "FloatStorage").ascii(")R").end(), "not a function");
        assertRejected(new PickleWriter().text("f").ascii(")R").end(), "not a function");
        assertRejected(new PickleWriter().global("torch", "Size").ascii("]R").end(), "without a tuple of arguments");
        assertRejected(new PickleWriter().global("torch", "Size").ascii(")R").end(), "torch.Size with arguments");
        assertRejected(
                new PickleWriter()
                        .global("collections", "OrderedDict")
                        .ascii("](tR")
                        .end(),
                "not a function");
        assertRejected(
                new PickleWriter()
                        .global("collections", "OrderedDict")
                        .ascii("(]tR")
                        .end(),
                "with arguments that torch.save does not write");
        assertRejected(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_tensor_v2")
                        .ascii(")R")
                        .end(),
                "with arguments that torch.save does not write");
        assertRejected(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_parameter")
                        .ascii("(NNNtR")
                        .end(),
                "with arguments that torch.save does not write");
        assertRejected(
                new PickleWriter()
                        .global("torch._utils", "_rebuild_tensor_v2")
                        .ascii("(NNNNNN}tR")
                        .end(),
                "negation");
    }

    @Test
    void readRejectsInvalidTensorLayout() {
        assertRejected(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, -1, new long[] {2}, new long[] {1})
                        .end(),
                "non-negative integer");
        assertRejected(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 0, new long[] {-2}, new long[] {1})
                        .end(),
                "non-negative integer");
        assertRejected(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 3, new long[] {2}, new long[] {-1})
                        .end(),
                "non-negative integer");
        assertRejected(
                new PickleWriter()
                        .tensor("FloatStorage", "0", -4, 0, new long[] {2}, new long[] {1})
                        .end(),
                "non-negative integer");
        assertRejected(
                new PickleWriter()
                        .tensor("FloatStorage", "0", 4, 0, new long[] {2, 2}, new long[] {1})
                        .end(),
                "with arguments that torch.save does not write");
        assertRejected(new PickleWriter().text("storage").ascii("Q").end(), "not a storage");
        assertRejected(new PickleWriter().ascii("(NNNNNtQ").end(), "not a storage");
    }

    @Test
    void readRejectsStateOfOtherObjects() {
        assertRejected(
                new PickleWriter().ascii(")}").text("_metadata").ascii("Nsb").end(), "BUILD");
        assertRejected(
                new PickleWriter().global("torch", "Size").ascii("}b").end(), "sets the state of an object with BUILD");
        assertRejected(new PickleWriter().orderedDict().ascii("Nb").end(), "BUILD");
        assertRejected(
                new PickleWriter()
                        .orderedDict()
                        .ascii("}")
                        .text("__class__")
                        .ascii("Nsb")
                        .end(),
                "\"__class__\" of a dictionary with BUILD");
        assertRejected(
                new PickleWriter()
                        .orderedDict()
                        .ascii("}")
                        .number(3)
                        .ascii("Nsb")
                        .end(),
                "\"3\" of a dictionary");
    }

    private static void assertRejected(byte[] pickle, String reason) {
        assertThatThrownBy(() -> Unpickler.read(ByteBuffer.wrap(pickle), FILE))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(FILE)
                .hasMessageContaining(reason);
    }
}
