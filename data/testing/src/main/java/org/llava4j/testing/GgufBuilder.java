package org.llava4j.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** GGUF files for tests, valid ones and others. */
public final class GgufBuilder {
    /** Numbers of value types. */
    private static final int INT32 = 5;

    private static final int UINT32 = 4;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Numbers of tensor types. */
    public static final int F32 = 0;

    public static final int F16 = 1;
    public static final int Q4_0 = 2;
    public static final int Q8_0 = 8;
    public static final int Q4_K = 12;

    private static final int ALIGNMENT = 32;

    private final Map<String, byte[]> values = new LinkedHashMap<>();
    private final List<Entry> tensors = new ArrayList<>();
    private int version = 3;

    /** A tensor; the shape has rows first. */
    private record Entry(String name, int type, long[] shape, byte[] data, long shift) {}

    /** A little-endian output. */
    private static final class Out {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Out int32(int value) {
            bytes.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
            return this;
        }

        Out int64(long value) {
            bytes.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
            return this;
        }

        Out text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            bytes.writeBytes(utf8);
            return this;
        }
    }

    private static byte[] bytes(Consumer<Out> writer) {
        Out out = new Out();
        writer.accept(out);
        return out.bytes.toByteArray();
    }

    public GgufBuilder version(int number) {
        version = number;
        return this;
    }

    /** Sets a key to the bytes of a type and a value. */
    public GgufBuilder raw(String key, byte... typeAndValue) {
        values.put(key, typeAndValue);
        return this;
    }

    public GgufBuilder text(String key, String value) {
        return raw(key, bytes(out -> out.int32(STRING).text(value)));
    }

    public GgufBuilder integer(String key, int value) {
        return raw(key, bytes(out -> out.int32(UINT32).int32(value)));
    }

    public GgufBuilder decimal(String key, float value) {
        return raw(key, bytes(out -> out.int32(FLOAT32).int32(Float.floatToIntBits(value))));
    }

    public GgufBuilder bool(String key, boolean value) {
        return raw(key, bytes(out -> {
            out.int32(BOOL);
            out.bytes.write(value ? 1 : 0);
        }));
    }

    public GgufBuilder texts(String key, List<String> texts) {
        return raw(key, bytes(out -> {
            out.int32(ARRAY).int32(STRING).int64(texts.size());
            texts.forEach(out::text);
        }));
    }

    public GgufBuilder integers(String key, int... numbers) {
        return raw(key, bytes(out -> {
            out.int32(ARRAY).int32(INT32).int64(numbers.length);
            for (int number : numbers) {
                out.int32(number);
            }
        }));
    }

    public GgufBuilder decimals(String key, float... numbers) {
        return raw(key, bytes(out -> {
            out.int32(ARRAY).int32(FLOAT32).int64(numbers.length);
            for (float number : numbers) {
                out.int32(Float.floatToIntBits(number));
            }
        }));
    }

    public GgufBuilder without(String key) {
        values.remove(key);
        return this;
    }

    /** Adds a tensor after the others. */
    public GgufBuilder tensor(String name, int type, byte[] data, long... shape) {
        tensors.add(new Entry(name, type, shape, data, 0));
        return this;
    }

    /** Adds a tensor whose offset in the list is wrong by some bytes. */
    public GgufBuilder shiftedTensor(String name, long shift, byte[] data, long... shape) {
        tensors.add(new Entry(name, F32, shape, data, shift));
        return this;
    }

    /** Adds a float32 tensor with the values 0, 1, 2, and so on. */
    public GgufBuilder range(String name, long... shape) {
        int length = 1;
        for (long size : shape) {
            length *= (int) size;
        }
        ByteBuffer data = ByteBuffer.allocate(length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            data.putFloat(i);
        }
        return tensor(name, F32, data.array(), shape);
    }

    /** The content of the file. */
    public byte[] bytes() {
        Out out = new Out();
        out.bytes.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.int32(version).int64(tensors.size()).int64(values.size());
        values.forEach((key, value) -> {
            out.text(key);
            out.bytes.writeBytes(value);
        });
        long offset = 0;
        for (Entry tensor : tensors) {
            out.text(tensor.name).int32(tensor.shape.length);
            for (int axis = tensor.shape.length - 1; axis >= 0; axis--) {
                out.int64(tensor.shape[axis]);
            }
            out.int32(tensor.type).int64(offset + tensor.shift);
            offset += padded(tensor.data.length);
        }
        out.bytes.writeBytes(new byte[padded(out.bytes.size()) - out.bytes.size()]);
        for (Entry tensor : tensors) {
            out.bytes.writeBytes(tensor.data);
            out.bytes.writeBytes(new byte[padded(tensor.data.length) - tensor.data.length]);
        }
        return out.bytes.toByteArray();
    }

    private static int padded(int size) {
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Writes the file. */
    public Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
