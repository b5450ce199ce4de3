package org.llava4j.train.logging;

import java.io.PrintStream;

/**
 * Status line of a command. On a terminal each update overwrites the line in place; elsewhere each update is a new
 * line.
 */
public final class StatusLine {
    private final PrintStream out;
    private final boolean terminal;
    private int width;

    /** @param terminal whether {@code out} is one, where a carriage return goes back to the line's start */
    public StatusLine(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** On standard output. */
    public static StatusLine onStdout() {
        String kind = System.getenv("TERM");
        return new StatusLine(System.out, System.console() != null && kind != null && !kind.equals("dumb"));
    }

    public boolean isTerminal() {
        return terminal;
    }

    /** Shows {@code text} in place of the previous update. */
    public void update(String text) {
        if (terminal) {
            // Blanks cover the rest of a longer line before.
            out.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
            width = text.length();
        } else {
            out.println(text);
        }
        out.flush();
    }

    /** Prints {@code text} on a line of its own, below the last update. */
    void println(String text) {
        end();
        out.println(text);
    }

    /** Leaves the last update on the screen and moves to the next line. */
    void end() {
        if (width > 0) {
            out.println();
            width = 0;
        }
    }

    /** Removes the last update from a terminal. */
    public void clear() {
        if (width > 0) {
            out.print("\r" + " ".repeat(width) + "\r");
            out.flush();
            width = 0;
        }
    }
}
