package org.llava4j.train;

import java.util.List;
import org.llava4j.train.checkpoint.TrainingTotals;

/** Callbacks of {@link Trainer#fit}: logging, evaluation, checkpoints, stop. */
public interface TrainerCallback {
    /**
     * Called before each optimizer step.
     *
     * @param epoch pass over the data, counted from 0
     * @param step counted from 1
     */
    default void stepStarted(int epoch, int step) {}

    /** Called after each accepted step; {@code totals} include it. */
    default void stepDone(Trainer.Step step, TrainingTotals totals) {}

    /**
     * Called after each rejected step, which changed no weight.
     *
     * @param step counted from 1
     * @param reason why it was rejected
     * @param samples file and line of each of its samples
     */
    default void stepRejected(int step, String reason, List<String> samples) {}

    /**
     * Called last after each step, accepted or rejected, when its gradients are released.
     *
     * @param step counted from 1
     * @return whether training stops
     */
    boolean afterStep(int step);
}
