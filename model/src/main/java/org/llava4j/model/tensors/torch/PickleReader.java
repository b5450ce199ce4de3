package org.llava4j.model.tensors.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.llava4j.data.BadInputException;

/** Sequential reader of pickle bytes. Lengths are checked against the remaining bytes. */
final class PickleReader {
    private static final int MAX_LINE_BYTES = 1000;

    private final ByteBuffer bytes;
    private final Object file;

    /**
     * @param file name of the file in messages
     */
    PickleReader(ByteBuffer bytes, Object file) {
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
        this.file = file;
    }

    int uint8() {
        require(1);
        return Byte.toUnsignedInt(bytes.get());
    }

    int uint16() {
        require(2);
        return Short.toUnsignedInt(bytes.getShort());
    }

    int int32() {
        require(4);
        return bytes.getInt();
    }

    long int64() {
        require(8);
        return bytes.getLong();
    }

    /** Reads a big-endian double, the format of floats in pickles. */
    double float64() {
        return Double.longBitsToDouble(Long.reverseBytes(int64()));
    }

    /** Reads a two's complement integer of {@code length} bytes. */
    long integer(int length) {
        if (length > Long.BYTES) {
            throw damaged("contains an integer of " + length + " bytes; at most 8 are supported");
        }
        require(length);
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= Byte.toUnsignedLong(bytes.get()) << 8 * i;
        }
        int unused = Long.SIZE - 8 * length;
        return length == 0 ? 0 : value << unused >> unused;
    }

    /**
     * Reads UTF-8 text.
     *
     * @param length number of bytes, unsigned
     */
    String text(long length) {
        require(length);
        ByteBuffer text = bytes.slice(bytes.position(), (int) length);
        bytes.position(bytes.position() + (int) length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException e) {
            throw damaged("contains text that is not UTF-8");
        }
    }

    /** Reads text up to the end of the line, which is skipped. */
    String line() {
        int start = bytes.position();
        for (int length = 0; length <= MAX_LINE_BYTES; length++) {
            if (uint8() == '\n') {
                bytes.position(start);
                String line = text(length);
                uint8();
                return line;
            }
        }
        throw damaged("contains a name of more than " + MAX_LINE_BYTES + " bytes");
    }

    void requireEnd() {
        if (bytes.hasRemaining()) {
            throw damaged("has " + bytes.remaining() + " bytes after its end");
        }
    }

    private void require(long length) {
        if (length < 0 || length > bytes.remaining()) {
            throw damaged(
                    "declares " + Long.toUnsignedString(length) + " bytes where " + bytes.remaining() + " remain");
        }
    }

    /**
     * @param problem completes "its pickle ..."
     */
    BadInputException damaged(String problem) {
        return TorchFileErrors.damaged(file, "its pickle " + problem + " (byte " + bytes.position() + ")");
    }

    /**
     * @param problem completes "its pickle ..."
     */
    BadInputException notWeights(String problem) {
        return TorchFileErrors.notWeights(file, "is not supported: its pickle " + problem);
    }
}
