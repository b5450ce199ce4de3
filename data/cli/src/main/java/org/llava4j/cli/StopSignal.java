package org.llava4j.cli;

import java.time.Duration;

/**
 * Graceful shutdown on SIGTERM or Ctrl-C. The thread that creates it is notified and gets a bounded time to finish its
 * work before the JVM exits.
 */
public final class StopSignal implements AutoCloseable {
    private final String message;
    private final Duration timeout;
    private final Thread hook;
    private volatile boolean received;

    /**
     * Starts listening; ends with {@link #close()}.
     *
     * @param message what to print on stderr when the signal arrives
     * @param timeout time after which the JVM exits even if the creating thread still runs
     */
    public StopSignal(String message, Duration timeout) {
        this.message = message;
        this.timeout = timeout;
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
                        "the work in progress did not finish within " + timeout.toSeconds() + " s; it is abandoned");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the signal has arrived. */
    public boolean received() {
        return received;
    }

    /** Stops listening; a shutdown in progress still waits for the creating thread. */
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
