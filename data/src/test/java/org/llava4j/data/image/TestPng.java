package org.llava4j.data.image;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/** Writes PNG files of every kind the format knows, one row high, to the byte. */
final class TestPng {
    static final int GRAY = 0;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int GRAY_ALPHA = 4;
    static final int RGBA = 6;

    private final int width;
    private final int bits;
    private final int colourType;
    private final ByteArrayOutputStream middle = new ByteArrayOutputStream();

    TestPng(int width, int bits, int colourType) {
        this.width = width;
        this.bits = bits;
        this.colourType = colourType;
    }

    TestPng chunk(String type, int... data) throws IOException {
        middle.write(encode(type, bytes(data)));
        return this;
    }

    byte[] row(int... samples) throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(header);
        fields.writeInt(width);
        fields.writeInt(1);
        fields.write(new byte[] {(byte) bits, (byte) colourType, 0, 0, 0});
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(packed)) {
            deflater.write(0);
            deflater.write(bytes(samples));
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(bytes(0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'));
        file.write(encode("IHDR", header.toByteArray()));
        file.write(middle.toByteArray());
        file.write(encode("IDAT", packed.toByteArray()));
        file.write(encode("IEND", new byte[0]));
        return file.toByteArray();
    }

    private static byte[] encode(String type, byte[] data) throws IOException {
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(chunk);
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.writeInt(data.length);
        out.write(name);
        out.write(data);
        out.writeInt((int) crc.getValue());
        return chunk.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
