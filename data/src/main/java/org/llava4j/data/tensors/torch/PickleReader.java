package org.llava4j.data.tensors.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.llava4j.data.BadInputException;

/** The bytes of a pickle from front to back. A length in it is believed only as far as there are bytes. */
final class PickleReader {
    private static final int MAX_LINE_BYTES = 1000;

    private final ByteBuffer bytes;
    private final Object file;

    /** @param file for messages */
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

    /** A big-endian number, as pickles hold fractions. */
    double float64() {
        return Double.longBitsToDouble(Long.reverseBytes(int64()));
    }

    /** A whole number of {@code length} bytes in two's complement. */
    long integer(int length) {
        if (length > Long.BYTES) {
            throw damaged("holds a number of " + length + " bytes, too large for anything that is counted");
        }
        require(length);
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= Byte.toUnsignedLong(bytes.get()) << 8 * i;
        }
        int unused = Long.SIZE - 8 * length;
        return length == 0 ? 0 : value << unused >> unused;
    }

    /** @param length unsigned */
    String text(long length) {
        require(length);
        ByteBuffer text = bytes.slice(bytes.position(), (int) length);
        bytes.position(bytes.position() + (int) length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException e) {
            throw damaged("holds a text that is not UTF-8");
        }
    }

    /** Text up to the end of the line, which is skipped. */
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
        throw damaged("holds a name of more than " + MAX_LINE_BYTES + " bytes");
    }

    void requireEnd() {
        if (bytes.hasRemaining()) {
            throw damaged("goes on for " + bytes.remaining() + " bytes after its end");
        }
    }

    private void require(long length) {
        if (length < 0 || length > bytes.remaining()) {
            throw damaged(
                    "asks for " + Long.toUnsignedString(length) + " bytes where " + bytes.remaining() + " are left");
        }
    }

    /** @param what goes on from "its pickle" */
    BadInputException damaged(String what) {
        return TorchFileErrors.damaged(file, "its pickle " + what + " (byte " + bytes.position() + ")");
    }

    /** @param what goes on from "the pickle in it" */
    BadInputException notWeights(String what) {
        return TorchFileErrors.notWeights(file, "is not read: the pickle in it " + what);
    }
}
