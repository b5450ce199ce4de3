package org.llava4j.data.cli;

import java.time.Duration;

/**
 * Graceful shutdown on SIGTERM or Ctrl-C: the thread that creates it is asked to stop and gets a bounded time to finish
 * the work in progress before the JVM ends.
 */
public final class StopSignal implements AutoCloseable {
    private final String message;
    private final Duration longest;
    private final Thread hook;
    private volatile boolean asked;

    /**
     * Listens for the signal until {@link #close()}.
     *
     * @param message what stderr says when the signal arrives
     * @param longest the JVM ends after this time, even if the creating thread still runs
     */
    public StopSignal(String message, Duration longest) {
        this.message = message;
        this.longest = longest;
        Thread work = Thread.currentThread();
        hook = new Thread(() -> stop(work), "stop-signal");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            asked = true; // the JVM is shutting down already
        }
    }

    private void stop(Thread work) {
        asked = true;
        System.err.println(message);
        try {
            work.join(longest.toMillis());
            if (work.isAlive()) {
                System.err.println(
                        "the work in progress did not end within " + longest.toSeconds() + " s; it is dropped");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the signal has arrived. */
    public boolean asked() {
        return asked;
    }

    /** Stops listening; a shutdown that has begun still waits for the creating thread. */
    @Override
    public void close() {
        if (!asked) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                asked = true; // the shutdown began just now
            }
        }
    }
}
