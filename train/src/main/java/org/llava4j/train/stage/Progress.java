package org.llava4j.train.stage;

import org.llava4j.train.Trainer;

/**
 * Where a run stands.
 *
 * @param step the last one
 * @param totalSteps of the run
 * @param smoothedLoss mean of the losses so far, the recent ones counting more
 * @param samples seen so far
 * @param samplesPerSecond over the whole run but its first step, which builds the graph
 * @param paddingShare share of all positions so far that were padding, 0..1
 * @param elapsedMs since the first step began
 * @param leftMs until the last step, at the present speed
 */
public record Progress(
        String stage,
        Trainer.Step step,
        int totalSteps,
        double smoothedLoss,
        long samples,
        double samplesPerSecond,
        double paddingShare,
        long elapsedMs,
        long leftMs) {

    /** What of all earlier losses stays in the mean at each step. */
    private static final double KEPT = 0.95;

    /** Makes one {@link Progress} of each step. */
    static final class Meter {
        private final String stage;
        private final int totalSteps;
        private final long startNanos = System.nanoTime();
        private double weightedLoss;
        private double weights;
        private long samples;
        private long firstStepNanos;
        private long firstStepSamples;

        Meter(String stage, int totalSteps) {
            this.stage = stage;
            this.totalSteps = totalSteps;
        }

        Progress after(Trainer.Step step, int newSamples, double paddingShare) {
            long now = System.nanoTime();
            weightedLoss = KEPT * weightedLoss + step.loss();
            weights = KEPT * weights + 1;
            samples += newSamples;
            if (firstStepNanos == 0) {
                firstStepNanos = now;
                firstStepSamples = samples;
            }
            boolean first = step.step() == 1;
            double seconds = (now - (first ? startNanos : firstStepNanos)) * 1e-9;
            double perStep = seconds / (first ? 1 : step.step() - 1);
            return new Progress(
                    stage,
                    step,
                    totalSteps,
                    weightedLoss / weights,
                    samples,
                    (first ? samples : samples - firstStepSamples) / seconds,
                    paddingShare,
                    (now - startNanos) / 1_000_000,
                    (long) (1e3 * perStep * (totalSteps - step.step())));
        }
    }
}
