package org.llava4j.testing;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Ends a command by SIGKILL again and again, each time at a random moment after it has made progress, so that the kills are
 * spread over the work and never before it.
 *
 * @param random source of the delays
 * @param maxDelayMs maximum time from progress to kill
 */
public record RandomKills(Random random, int maxDelayMs) {
    private static final int SIGKILL_STATUS = 128 + 9;
    private static final int POLL_MS = 5;
    private static final long MAX_WAIT_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** Measure of the work whose result is on disk. */
    @FunctionalInterface
    public interface Progress {
        /** Returns the amount of finished work. */
        long done() throws IOException;
    }

    /**
     * Starts a command and kills it.
     *
     * @param command starts the command, which resumes its work
     * @param progress amount of work whose result is on disk
     * @throws AssertionError if the command ends before it is killed, or makes no progress within 5 minutes
     * @throws IOException if the progress cannot be read
     */
    public void kill(Supplier<Process> command, Progress progress) throws IOException, InterruptedException {
        long before = progress.done();
        long start = System.nanoTime();
        Process process = command.get();
        try {
            while (process.isAlive() && progress.done() <= before) {
                if (System.nanoTime() - start > MAX_WAIT_NANOS) {
                    throw new AssertionError("no progress within 5 minutes");
                }
                process.waitFor(POLL_MS, TimeUnit.MILLISECONDS);
            }
            process.waitFor(random.nextInt(maxDelayMs + 1), TimeUnit.MILLISECONDS);
        } finally {
            process.destroyForcibly();
        }
        int status = process.waitFor();
        if (status != SIGKILL_STATUS) {
            throw new AssertionError(
                    "the command ended with status " + status + " before it was killed; give it more work");
        }
    }
}
