package org.llava4j.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Check of UTF-8 (RFC 3629, section 4), in parts. Jackson accepts overlong forms and surrogates, which can hide characters
 * from those who look at the bytes.
 */
public final class Utf8Validator {
    private static final int CONTINUATION_MIN = 0x80;
    private static final int CONTINUATION_MAX = 0xBF;

    private long offset;
    private int line = 1;
    /** Number of bytes that the current character still needs. */
    private int missing;
    /** Range of the next of them. */
    private int min;

    private int max;

    private Utf8Validator() {}

    /**
     * Checks a whole text.
     *
     * @throws IOException if it is not UTF-8
     */
    public static void check(byte[] text) throws IOException {
        Utf8Validator validator = new Utf8Validator();
        validator.add(text, 0, text.length);
        validator.end();
    }

    /** A stream of the same bytes that fails at the first that is not UTF-8. */
    public static InputStream checking(InputStream in) {
        Utf8Validator validator = new Utf8Validator();
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                int read = super.read(bytes, from, length);
                if (read < 0) {
                    validator.end();
                } else {
                    validator.add(bytes, from, read);
                }
                return read;
            }

            @Override
            public boolean markSupported() {
                return false;
            }
        };
    }

    private void add(byte[] bytes, int from, int length) throws IOException {
        for (int i = from; i < from + length; i++) {
            int value = bytes[i] & 0xFF;
            if (missing > 0) {
                if (value < min || value > max) {
                    throw invalid();
                }
                missing--;
                min = CONTINUATION_MIN;
                max = CONTINUATION_MAX;
            } else if (value >= CONTINUATION_MIN) {
                start(value);
            } else if (value == '\n') {
                line++;
            }
            offset++;
        }
    }

    /** The first byte of a character of several. */
    private void start(int value) throws IOException {
        if (value < 0xC2 || value > 0xF4) {
            throw invalid();
        }
        missing = value < 0xE0 ? 1 : value < 0xF0 ? 2 : 3;
        min = switch (value) {
            case 0xE0 -> 0xA0; // shorter forms exist
            case 0xF0 -> 0x90;
            default -> CONTINUATION_MIN;
        };
        max = switch (value) {
            case 0xED -> 0x9F; // surrogates
            case 0xF4 -> 0x8F; // above U+10FFFF
            default -> CONTINUATION_MAX;
        };
    }

    private void end() throws IOException {
        if (missing > 0) {
            throw invalid();
        }
    }

    private IOException invalid() {
        return new IOException(
                new BadInputException("is not UTF-8 (line " + line + ", byte " + offset + "); save it as UTF-8"));
    }
}
