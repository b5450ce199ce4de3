package org.llava4j.train.logging;

import org.llava4j.data.cli.ProcessMemory;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;

/**
 * Where a run stands.
 *
 * @param step the last one
 * @param totalSteps of the run
 * @param smoothedLoss mean of the losses so far, the recent ones counting more
 * @param samples seen so far
 * @param samplesPerSecond since this process began, but for its first step, which builds the graph
 * @param tokensPerSecond positions, those of images and padding among them
 * @param paddingShare share of all positions so far that were padding, 0..1
 * @param targetTokenShare share of all positions so far that had something to learn, 0..1
 * @param rssBytes resident memory of this process; 0 where the system does not tell it
 * @param elapsedMs since the first step of this process began
 * @param remainingMs until the last step, at the present speed
 */
public record Progress(
        String stage,
        Trainer.Step step,
        int totalSteps,
        double smoothedLoss,
        long samples,
        double samplesPerSecond,
        double tokensPerSecond,
        double paddingShare,
        double targetTokenShare,
        long rssBytes,
        long elapsedMs,
        long remainingMs) {

    /** Makes one {@link Progress} of each step. */
    public static final class ProgressMeter {
        private final String stage;
        private final int totalSteps;
        private final TrainingTotals before;
        private final long startNanos = System.nanoTime();
        private TrainingTotals afterFirst;
        private long firstStepNanos;

        /** @param before what an earlier process of this run had seen */
        public ProgressMeter(String stage, int totalSteps, TrainingTotals before) {
            this.stage = stage;
            this.totalSteps = totalSteps;
            this.before = before;
        }

        public Progress after(Trainer.Step step, TrainingTotals totals) {
            long now = System.nanoTime();
            boolean first = afterFirst == null;
            if (first) {
                afterFirst = totals;
                firstStepNanos = now;
            }
            // The first step builds the graph and is no measure of the others.
            TrainingTotals from = first ? before : afterFirst;
            double seconds = (now - (first ? startNanos : firstStepNanos)) * 1e-9;
            double perStep = seconds / (totals.steps() - from.steps());
            return new Progress(
                    stage,
                    step,
                    totalSteps,
                    totals.smoothedLoss(),
                    totals.samples(),
                    (totals.samples() - from.samples()) / seconds,
                    (totals.positions() - from.positions()) / seconds,
                    totals.paddingShare(),
                    totals.targetTokenShare(),
                    ProcessMemory.RESIDENT.bytes().orElse(0),
                    (now - startNanos) / 1_000_000,
                    (long) (1e3 * perStep * (totalSteps - step.step())));
        }
    }
}
