package org.llava4j.data.records;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Scanner over the lines of a text, which end with LF, CR LF or CR. It tracks the byte offsets of each line, and a line
 * can be extended by the following ones.
 */
final class LineScanner {
    /** Maximum length of a line; longer ones are refused, as the file is not a table. */
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

    /**
     * Creates a scanner.
     *
     * @param at offset in the file of the first byte of {@code in}
     */
    LineScanner(InputStream in, long at) {
        this.in = in;
        this.at = at;
    }

    /**
     * Advances to the next line.
     *
     * @return false at the end of the text
     * @throws LineTooLongException beyond {@link #MAX_BYTES}
     */
    boolean advance() throws IOException {
        line.reset();
        return read();
    }

    /**
     * Appends the line break and the next line to the current one.
     *
     * @return false at the end of the text
     */
    boolean extend() throws IOException {
        long before = start;
        byte[] current = line.toByteArray();
        line.writeBytes(lineBreak.getBytes(StandardCharsets.US_ASCII));
        if (read()) {
            start = before;
            return true;
        }
        line.reset();
        line.writeBytes(current);
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

    /** Returns the offset of the line. */
    long start() {
        return start;
    }

    /** Returns the offset of the end of the line, without its line break. */
    long end() {
        return end;
    }

    /** Returns the number of the last line that was read, from 1. */
    long number() {
        return lines;
    }

    /**
     * Decodes the line.
     *
     * @throws java.nio.charset.CharacterCodingException if the line is not in UTF-8
     */
    String text() throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(line.toByteArray()))
                .toString();
    }

    /** Thrown for a line, or a line with its extensions, of more than {@link #MAX_BYTES}. */
    static final class LineTooLongException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
