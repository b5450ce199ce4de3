package org.llava4j.data.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.llava4j.data.BadInputException;

/**
 * Protocol buffer reader for a byte range. It implements only the wire format (protobuf.dev, "Encoding"); callers
 * interpret the field numbers.
 */
final class ProtoReader {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED32 = 5;

    private final String source;
    private final byte[] bytes;
    private final int end;
    private int position;
    private int wireType;

    ProtoReader(String source, byte[] bytes) {
        this(source, bytes, 0, bytes.length);
    }

    private ProtoReader(String source, byte[] bytes, int start, int end) {
        this.source = source;
        this.bytes = bytes;
        this.position = start;
        this.end = end;
    }

    boolean hasNext() {
        return position < end;
    }

    /** Moves to the next field and returns its number. The caller must then read or skip the value. */
    int nextField() {
        long tag = rawVarint();
        wireType = (int) (tag & 7);
        long field = tag >>> 3;
        if (field < 1 || field > 0x1FFFFFFF) {
            throw invalid("a field number out of range");
        }
        return (int) field;
    }

    long varint() {
        expect(VARINT);
        return rawVarint();
    }

    boolean bool() {
        return varint() != 0;
    }

    float float32() {
        expect(FIXED32);
        need(4);
        int bits = 0;
        for (int i = 3; i >= 0; i--) {
            bits = bits << 8 | (bytes[position + i] & 0xFF);
        }
        position += 4;
        return Float.intBitsToFloat(bits);
    }

    String string() {
        int start = lengthPrefixed();
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, start, position - start))
                    .toString();
        } catch (CharacterCodingException e) {
            throw invalid("text that is not UTF-8", e);
        }
    }

    /** Skips a bytes field and returns its length. */
    int skipBytes() {
        int start = lengthPrefixed();
        return position - start;
    }

    ProtoReader message() {
        int start = lengthPrefixed();
        return new ProtoReader(source, bytes, start, position);
    }

    void skip() {
        switch (wireType) {
            case VARINT -> rawVarint();
            case FIXED64 -> {
                need(8);
                position += 8;
            }
            case LENGTH -> lengthPrefixed();
            case FIXED32 -> {
                need(4);
                position += 4;
            }
            default -> throw invalid("wire type " + wireType);
        }
    }

    private int lengthPrefixed() {
        expect(LENGTH);
        long length = rawVarint();
        if (length < 0 || length > end - position) {
            throw invalid("a field longer than the rest");
        }
        int start = position;
        position += (int) length;
        return start;
    }

    private long rawVarint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            need(1);
            byte next = bytes[position++];
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw invalid("a number of more than ten bytes");
    }

    private void need(int count) {
        if (end - position < count) {
            throw invalid("end of file inside a field");
        }
    }

    private void expect(int type) {
        if (wireType != type) {
            throw invalid("wire type " + wireType + " where " + type + " is expected");
        }
    }

    private BadInputException invalid(String problem) {
        return new BadInputException(message(problem));
    }

    private BadInputException invalid(String problem, Throwable cause) {
        return new BadInputException(message(problem), cause);
    }

    private String message(String problem) {
        return source + ": invalid SentencePiece model: " + problem + " at byte " + position
                + "; download the file again";
    }
}
