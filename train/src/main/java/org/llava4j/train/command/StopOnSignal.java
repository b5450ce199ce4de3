package org.llava4j.train.command;

import java.time.Duration;
import org.llava4j.cli.StopSignal;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;

/** Graceful shutdown of a training run: SIGTERM or Ctrl-C stops it after the current step, with a checkpoint. */
final class StopOnSignal implements TrainingListener, AutoCloseable {
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final StopSignal signal = new StopSignal("stopping after this step", LONGEST);

    @Override
    public void stepDone(Progress progress) {
        // Only shouldStop() matters.
    }

    @Override
    public boolean shouldStop() {
        return signal.received();
    }

    @Override
    public void close() {
        signal.close();
    }
}
