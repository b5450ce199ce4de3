package org.llava4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Stream copy that drops every occurrence of one line. Other bytes are forwarded immediately; a prefix of the dropped
 * line is held back until it is complete or differs. */
final class LineFilter {
    private static final int BUFFER = 8192;

    private final byte[] dropped;
    private int matched;
    private boolean inAnotherLine;

    /**
     * @param line the line to drop, without line terminator
     */
    LineFilter(String line) {
        dropped = (line + System.lineSeparator()).getBytes(StandardCharsets.UTF_8);
    }

    /** Copies until the end of {@code in}. */
    void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            for (int i = 0; i < read; i++) {
                accept(buffer[i], out);
            }
            out.flush();
        }
        out.write(dropped, 0, matched);
        out.flush();
    }

    private void accept(byte next, OutputStream out) throws IOException {
        if (!inAnotherLine && next == dropped[matched]) {
            matched++;
            if (matched == dropped.length) {
                matched = 0;
            }
            return;
        }
        out.write(dropped, 0, matched);
        out.write(next);
        matched = 0;
        inAnotherLine = next != '\n';
    }
}
