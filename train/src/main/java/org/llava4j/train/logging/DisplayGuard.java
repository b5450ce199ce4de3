package org.llava4j.train.logging;

import java.io.IOException;
import java.util.function.Consumer;

/**
 * Error handling of an output that only displays a run. The first failure (full disk, read-only folder) is reported in
 * one line; the run continues without that output.
 */
final class DisplayGuard {
    private final String output;
    private Consumer<String> notices = line -> {};
    private boolean failed;

    /** @param output name for the message, such as "the page run.html" */
    DisplayGuard(String output) {
        this.output = output;
    }

    /** An action that writes to the output. */
    @FunctionalInterface
    interface Attempt {
        void run() throws IOException;
    }

    /** Sets where a failure is reported. */
    void reportTo(Consumer<String> lines) {
        notices = lines;
    }

    /** Runs the action, unless an earlier one failed. */
    void attempt(Attempt attempt) {
        if (failed) {
            return;
        }
        try {
            attempt.run();
        } catch (IOException | RuntimeException e) {
            failed = true;
            notices.accept("cannot write " + output + " (" + reason(e) + "); the run continues without it");
        }
    }

    private static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String name = root.getClass().getSimpleName();
        return root.getMessage() == null ? name : name + ": " + root.getMessage();
    }
}
