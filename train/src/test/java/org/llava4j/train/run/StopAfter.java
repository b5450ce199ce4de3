package org.llava4j.train.run;

import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;

/** Listener that stops a run after a step. */
final class StopAfter implements TrainingListener {
    private final int step;
    private int last;

    StopAfter(int step) {
        this.step = step;
    }

    @Override
    public void stepDone(Progress progress) {
        last = progress.step().step();
    }

    @Override
    public boolean shouldStop() {
        return last == step;
    }
}
