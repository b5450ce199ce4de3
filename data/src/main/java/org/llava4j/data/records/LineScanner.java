package org.llava4j.data.records;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Scanner over the lines of a text, which end with LF, CR LF or CR. It knows the bytes that each line takes, and a line can
 * be extended by the ones behind it.
 */
final class LineScanner {
    /** Longer lines are refused: such a file is not a table. */
    static final int MAX_BYTES = 1 << 24;

    private static final int END = -1;

    private final InputStream in;
    private final byte[] chunk = new byte[1 << 16];
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int filled;
    private int next;
    private long at;
    private long start;
    private long end;
    private long lines;
    private String lineBreak = "";

    /** @param at byte of the file that {@code in} begins with */
    LineScanner(InputStream in, long at) {
        this.in = in;
        this.at = at;
    }

    /** Goes to the next line; false at the end of the text. @throws LineTooLongException beyond {@link #MAX_BYTES} */
    boolean advance() throws IOException {
        line.reset();
        return read();
    }

    /** Adds the next line and the break before it to the present one; false at the end of the text. */
    boolean extend() throws IOException {
        long before = start;
        byte[] present = line.toByteArray();
        line.writeBytes(lineBreak.getBytes(StandardCharsets.US_ASCII));
        if (read()) {
            start = before;
            return true;
        }
        line.reset();
        line.writeBytes(present);
        return false;
    }

    private boolean read() throws IOException {
        if (peek() == END) {
            return false;
        }
        start = at;
        lines++;
        int value = take();
        while (value != END && value != '\n' && value != '\r') {
            if (line.size() == MAX_BYTES) {
                throw new LineTooLongException();
            }
            line.write(value);
            value = take();
        }
        end = value == END ? at : at - 1;
        lineBreak = value == END ? "" : String.valueOf((char) value);
        if (value == '\r' && peek() == '\n') {
            take();
            lineBreak = "\r\n";
        }
        return true;
    }

    private int peek() throws IOException {
        if (next == filled) {
            next = 0;
            filled = Math.max(0, in.read(chunk));
        }
        return next == filled ? END : chunk[next] & 0xFF;
    }

    private int take() throws IOException {
        int value = peek();
        if (value != END) {
            next++;
            at++;
        }
        return value;
    }

    /** First byte of the line in the file. */
    long start() {
        return start;
    }

    /** Byte behind the line, without its break. */
    long end() {
        return end;
    }

    /** Number of the last line that was read, from 1. */
    long number() {
        return lines;
    }

    /** @throws java.nio.charset.CharacterCodingException if the line is not in UTF-8 */
    String text() throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(line.toByteArray()))
                .toString();
    }

    /** A line, or lines that were put together, of more than {@link #MAX_BYTES}. */
    static final class LineTooLongException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
