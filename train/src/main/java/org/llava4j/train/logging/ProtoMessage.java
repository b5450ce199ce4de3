package org.llava4j.train.logging;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Protobuf message builder: fields in wire format, by field number. */
final class ProtoMessage {
    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FIXED_32 = 5;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ProtoMessage put(int field, double value) {
        tag(field, FIXED_64);
        return fixed(littleEndian(Double.BYTES).putDouble(value));
    }

    ProtoMessage put(int field, float value) {
        tag(field, FIXED_32);
        return fixed(littleEndian(Float.BYTES).putFloat(value));
    }

    ProtoMessage put(int field, long value) {
        tag(field, VARINT);
        varint(value);
        return this;
    }

    ProtoMessage put(int field, String value) {
        return put(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoMessage put(int field, ProtoMessage value) {
        return put(field, value.bytes());
    }

    private ProtoMessage put(int field, byte[] value) {
        tag(field, LENGTH_DELIMITED);
        varint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    private void tag(int field, int type) {
        varint((long) field << 3 | type);
    }

    private void varint(long value) {
        long left = value;
        while ((left & ~0x7fL) != 0) {
            bytes.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        bytes.write((int) left);
    }

    private ProtoMessage fixed(ByteBuffer value) {
        bytes.writeBytes(value.array());
        return this;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
