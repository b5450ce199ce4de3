package org.llava4j.data.cli;

import java.time.Duration;

/**
 * Graceful shutdown on SIGTERM or Ctrl-C: the thread that creates it is asked to stop and gets a bounded time to finish
 * the work in progress before the JVM ends.
 */
public final class StopSignal implements AutoCloseable {
    private final String message;
    private final Duration timeout;
    private final Thread hook;
    private volatile boolean received;

    /**
     * Listens for the signal until {@link #close()}.
     *
     * @param message what stderr says when the signal arrives
     * @param longest the JVM ends after this time, even if the creating thread still runs
     */
    public StopSignal(String message, Duration longest) {
        this.message = message;
        this.timeout = longest;
        Thread work = Thread.currentThread();
        hook = new Thread(() -> stop(work), "stop-signal");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            received = true; // the JVM is shutting down already
        }
    }

    private void stop(Thread work) {
        received = true;
        System.err.println(message);
        try {
            work.join(timeout.toMillis());
            if (work.isAlive()) {
                System.err.println(
                        "the work in progress did not end within " + timeout.toSeconds() + " s; it is dropped");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the signal has arrived. */
    public boolean received() {
        return received;
    }

    /** Stops listening; a shutdown that has begun still waits for the creating thread. */
    @Override
    public void close() {
        if (!received) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                received = true; // the shutdown began just now
            }
        }
    }
}
