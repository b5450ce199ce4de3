package org.llava4j.train.logging;

import java.io.IOException;
import java.util.function.Consumer;

/**
 * Error handler of an output that only displays a run, such as its HTML page. The first failure (full disk, read-only
 * folder) is reported in one line and disables the output; the run continues.
 */
final class DisplayGuard {
    private final String output;
    private Consumer<String> reporter = line -> {};
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

    /** Sets the consumer of the one-line failure report; by default, failures are not reported. */
    void reportTo(Consumer<String> newReporter) {
        reporter = newReporter;
    }

    /** Runs the action unless an earlier action failed. */
    void attempt(Attempt attempt) {
        if (failed) {
            return;
        }
        try {
            attempt.run();
        } catch (IOException | RuntimeException e) {
            failed = true;
            reporter.accept("cannot write " + output + " (" + reason(e) + "); the run continues without it");
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
