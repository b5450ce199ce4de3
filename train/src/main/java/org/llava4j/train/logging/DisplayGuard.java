package org.llava4j.train.logging;

import java.io.IOException;
import java.util.function.Consumer;

/**
 * Guard of an output that only displays a run. Its first failure (a full disk, a place that cannot be written) is reported
 * in one line; nothing is written after it, and the run continues without that output.
 */
final class DisplayGuard {
    private final String output;
    private Consumer<String> notices = line -> {};
    private boolean failed;

    /** @param output what the user sees, for the message: "the page run.html" */
    DisplayGuard(String output) {
        this.output = output;
    }

    /** One attempt to write. */
    @FunctionalInterface
    interface Attempt {
        void run() throws IOException;
    }

    /** Where a failure is reported. */
    void reportTo(Consumer<String> lines) {
        notices = lines;
    }

    /** Makes an attempt, unless an earlier one failed. */
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
