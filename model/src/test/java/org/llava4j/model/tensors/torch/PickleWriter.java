package org.llava4j.model.tensors.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builder of valid and malicious pickles. */
public final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public PickleWriter() {
        bytes(0x80, 2);
    }

    public PickleWriter bytes(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    public PickleWriter ascii(String instructions) {
        out.writeBytes(instructions.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    public PickleWriter text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ascii("X").int32(bytes.length).ascii(text);
    }

    public PickleWriter number(long value) {
        bytes(0x8a, 8);
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
        return this;
    }

    public PickleWriter numbers(long... values) {
        ascii("(");
        for (long value : values) {
            number(value);
        }
        return ascii("t");
    }

    public PickleWriter int32(int value) {
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
        return this;
    }

    public PickleWriter global(String module, String name) {
        return ascii("c" + module + "\n" + name + "\n");
    }

    public PickleWriter orderedDict() {
        return global("collections", "OrderedDict").ascii(")R");
    }

    public PickleWriter storage(String type, String key, long length) {
        return ascii("(")
                .text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .number(length)
                .ascii("tQ");
    }

    /** Appends a tensor over all or part of storage {@code key}. */
    public PickleWriter tensor(String type, String key, long storageLength, long offset, long[] shape, long[] strides) {
        return global("torch._utils", "_rebuild_tensor_v2")
                .ascii("(")
                .storage(type, key, storageLength)
                .number(offset)
                .numbers(shape)
                .numbers(strides)
                .bytes(0x89)
                .orderedDict()
                .ascii("tR");
    }

    /** A pickle of a dictionary with the single tensor x. */
    public static byte[] single(
            String type, String key, long storageLength, long offset, long[] shape, long[] strides) {
        return new PickleWriter()
                .ascii("}")
                .text("x")
                .tensor(type, key, storageLength, offset, shape, strides)
                .ascii("s")
                .end();
    }

    public byte[] end() {
        out.write('.');
        return out.toByteArray();
    }
}
