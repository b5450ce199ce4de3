package org.llava4j.train.stage;

import org.llava4j.train.watch.Progress;
import org.llava4j.train.watch.RunListener;

/**
 * Stops a run when the process is asked to end (SIGTERM, Ctrl-C): after the step at hand, with a checkpoint. The process
 * ends when the thread that made this has, or at last after some minutes.
 */
final class StopOnSignal implements RunListener, AutoCloseable {
    private static final long LONGEST_MS = 10 * 60_000L;

    private final Thread hook;
    private volatile boolean asked;

    StopOnSignal() {
        Thread run = Thread.currentThread();
        hook = new Thread(() -> stop(run), "stop-on-signal");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void stop(Thread run) {
        asked = true;
        System.err.println("asked to stop: after this step");
        try {
            run.join(LONGEST_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void step(Progress progress) {
        // Only the question is of interest.
    }

    @Override
    public boolean stops() {
        return asked;
    }

    /** The run has ended; a process that is ending already goes on to do so. */
    @Override
    public void close() {
        if (!asked) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // It began to end just now, and the hook waits for this thread alone.
                asked = true;
            }
        }
    }
}
