package org.llava4j.data.tokenizer;

/**
 * Incremental UTF-8 decoder for single bytes. A character is appended when it is complete; an invalid byte becomes
 * U+FFFD.
 */
final class Utf8Assembler {
    private static final int[] SMALLEST = {0, 0, 0x80, 0x800, 0x10000};

    private final int[] pending = new int[4];
    private int count;

    void accept(int nextByte, StringBuilder out) {
        pending[count++] = nextByte & 0xFF;
        drain(out, false);
    }

    /** Ends the run of bytes; an incomplete character becomes U+FFFD. */
    void flush(StringBuilder out) {
        drain(out, true);
    }

    private void drain(StringBuilder out, boolean last) {
        while (count > 0) {
            int need = lengthOf(pending[0]);
            boolean broken = need == 0;
            for (int i = 1; i < Math.min(need, count); i++) {
                broken |= (pending[i] & 0xC0) != 0x80;
            }
            if (!broken && count < need && !last) {
                return;
            }
            int codePoint = broken || count < need ? -1 : decode(need);
            if (codePoint < 0) {
                out.append('\uFFFD');
                drop(1);
            } else {
                out.appendCodePoint(codePoint);
                drop(need);
            }
        }
    }

    private static int lengthOf(int lead) {
        if (lead < 0x80) {
            return 1;
        } else if ((lead & 0xE0) == 0xC0) {
            return 2;
        } else if ((lead & 0xF0) == 0xE0) {
            return 3;
        }
        return (lead & 0xF8) == 0xF0 ? 4 : 0;
    }

    /** The code point in the first {@code size} bytes, or -1 if it is overlong, a surrogate or out of range. */
    private int decode(int size) {
        if (size == 1) {
            return pending[0];
        }
        int value = pending[0] & (0x7F >> size);
        for (int i = 1; i < size; i++) {
            value = value << 6 | (pending[i] & 0x3F);
        }
        boolean surrogate = value >= 0xD800 && value <= 0xDFFF;
        return value < SMALLEST[size] || surrogate || value > Character.MAX_CODE_POINT ? -1 : value;
    }

    private void drop(int size) {
        count -= size;
        System.arraycopy(pending, size, pending, 0, count);
    }
}
