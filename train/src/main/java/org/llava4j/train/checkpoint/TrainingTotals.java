package org.llava4j.train.checkpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a run has seen so far.
 *
 * @param steps optimiser steps
 * @param badSteps of these, those that changed nothing because their loss or gradient was no number or their loss exploded
 * @param lossSum of all others
 * @param smoothedSum of all steps' losses, the recent ones counting more
 * @param smoothedWeight what that sum is divided by
 * @param samples seen, those of later epochs counted again
 * @param positions of all batches, padding included
 * @param padding of these
 * @param supervised positions that had something to learn
 * @param drawn samples of each source of data; empty before the first step
 * @param bestSmoothedLoss the lowest smoothed loss so far; null before {@value #STEPS_BEFORE_LOSS_LIMIT} good steps, and in a
 *     checkpoint of a program that did not keep it, from which on it is kept anew
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrainingTotals(
        int steps,
        int badSteps,
        double lossSum,
        double smoothedSum,
        double smoothedWeight,
        long samples,
        long positions,
        long padding,
        long supervised,
        List<Long> drawn,
        Double bestSmoothedLoss) {
    /** Nothing yet. */
    public static final TrainingTotals NONE = new TrainingTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, List.of(), null);

    /** So many good steps have to be behind a run before a loss can be told from the wild ones of its start. */
    private static final int STEPS_BEFORE_LOSS_LIMIT = 20;

    /** Losses near zero double easily; what is not so much above the others, in nats, is no explosion. */
    private static final double MIN_RISE_NATS = 1;

    /** What of all earlier losses stays in the smoothed one at each step. */
    private static final double SMOOTHING = 0.95;

    /**
     * What the batches of one step hold.
     *
     * @param drawn samples of each source of data
     */
    public record StepCounts(int samples, long positions, long padding, long supervised, List<Long> drawn) {
        /** Of several batches together. */
        public StepCounts plus(StepCounts other) {
            return new StepCounts(
                    samples + other.samples,
                    positions + other.positions,
                    padding + other.padding,
                    supervised + other.supervised,
                    sum(drawn, other.drawn));
        }
    }

    /** With one more step. */
    public TrainingTotals plus(double loss, StepCounts seen) {
        double sum = SMOOTHING * smoothedSum + loss;
        double weight = SMOOTHING * smoothedWeight + 1;
        return new TrainingTotals(
                steps + 1,
                badSteps,
                lossSum + loss,
                sum,
                weight,
                samples + seen.samples(),
                positions + seen.positions(),
                padding + seen.padding(),
                supervised + seen.supervised(),
                sum(drawn, seen.drawn()),
                steps + 1 - badSteps < STEPS_BEFORE_LOSS_LIMIT ? null : lower(bestSmoothedLoss, sum / weight));
    }

    private static double lower(Double best, double loss) {
        return best == null ? loss : Math.min(best, loss);
    }

    /** With one more step that changed nothing. */
    public TrainingTotals plusRejected(StepCounts seen) {
        return new TrainingTotals(
                steps + 1,
                badSteps + 1,
                lossSum,
                smoothedSum,
                smoothedWeight,
                samples + seen.samples(),
                positions + seen.positions(),
                padding + seen.padding(),
                supervised + seen.supervised(),
                sum(drawn, seen.drawn()),
                bestSmoothedLoss);
    }

    /** Source by source; a run that has seen nothing yet has no counts. */
    private static List<Long> sum(List<Long> some, List<Long> more) {
        if (some.isEmpty()) {
            return more;
        }
        return IntStream.range(0, some.size())
                .mapToObj(i -> some.get(i) + more.get(i))
                .toList();
    }

    /** Mean of the losses so far. */
    public double meanLoss() {
        return lossSum / (steps - badSteps);
    }

    /** Mean of the losses so far, the recent ones counting more. */
    public double smoothedLoss() {
        return smoothedSum / smoothedWeight;
    }

    /**
     * Above which loss the next step is rejected as exploding: the step's own loss is compared with the smoothed one, and,
     * since a loss that rises slowly takes the smoothed one along, the smoothed loss that would follow with the lowest so
     * far.
     *
     * @param factor of the loss that is compared with, which must be exceeded by 1 nat too; 0 for no limit
     */
    public double lossLimit(double factor) {
        if (factor == 0 || steps - badSteps < STEPS_BEFORE_LOSS_LIMIT) {
            return Double.POSITIVE_INFINITY;
        }
        double ofStep = limit(factor, smoothedLoss());
        if (bestSmoothedLoss == null) {
            return ofStep;
        }
        double ofSmoothed =
                limit(factor, bestSmoothedLoss) * (SMOOTHING * smoothedWeight + 1) - SMOOTHING * smoothedSum;
        return Math.min(ofStep, ofSmoothed);
    }

    private static double limit(double factor, double loss) {
        return Math.max(factor * loss, loss + MIN_RISE_NATS);
    }

    /** Share of all positions that were padding, 0..1. */
    public double paddingShare() {
        return positions == 0 ? 0 : (double) padding / positions;
    }

    /** Share of all positions that had something to learn, 0..1. */
    public double targetTokenShare() {
        return positions == 0 ? 0 : (double) supervised / positions;
    }
}
