package org.llava4j.data.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Sequential writer of a header in memory, little-endian; the inverse of {@link GgufInput}. */
final class GgufOutput {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    GgufOutput int8(int value) {
        bytes.write(value);
        return this;
    }

    GgufOutput int32(int value) {
        number.putInt(0, value);
        bytes.write(number.array(), 0, Integer.BYTES);
        return this;
    }

    GgufOutput int64(long value) {
        number.putLong(0, value);
        bytes.write(number.array(), 0, Long.BYTES);
        return this;
    }

    GgufOutput float32(float value) {
        return int32(Float.floatToIntBits(value));
    }

    /** Writes a string: its length and UTF-8. */
    GgufOutput string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return int64(utf8.length).raw(utf8);
    }

    GgufOutput type(GgufValueType type) {
        return int32(type.ordinal());
    }

    /** Writes the types of an array and the number of its elements, which follow. */
    GgufOutput array(GgufValueType elements, int count) {
        return type(GgufValueType.ARRAY).type(elements).int64(count);
    }

    GgufOutput raw(byte... content) {
        bytes.writeBytes(content);
        return this;
    }

    int size() {
        return bytes.size();
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }
}
