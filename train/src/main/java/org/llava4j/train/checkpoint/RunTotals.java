package org.llava4j.train.checkpoint;

/**
 * What a run has seen so far.
 *
 * @param steps optimiser steps
 * @param badSteps of these, those that changed nothing because their loss or gradient was not a number
 * @param lossSum of all others
 * @param smoothedSum of all steps' losses, the recent ones counting more
 * @param smoothedWeight what that sum is divided by
 * @param samples seen, those of later epochs counted again
 * @param positions of all batches, padding included
 * @param padding of these
 * @param supervised positions that had something to learn
 */
public record RunTotals(
        int steps,
        int badSteps,
        double lossSum,
        double smoothedSum,
        double smoothedWeight,
        long samples,
        long positions,
        long padding,
        long supervised) {
    /** Nothing yet. */
    public static final RunTotals NONE = new RunTotals(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** What of all earlier losses stays in the smoothed one at each step. */
    private static final double KEPT = 0.95;

    /** What the batches of one step hold. */
    public record Seen(int samples, long positions, long padding, long supervised) {
        /** Of several batches together. */
        public Seen plus(Seen other) {
            return new Seen(
                    samples + other.samples,
                    positions + other.positions,
                    padding + other.padding,
                    supervised + other.supervised);
        }
    }

    /** With one more step. */
    public RunTotals plus(double loss, Seen seen) {
        return new RunTotals(
                steps + 1,
                badSteps,
                lossSum + loss,
                KEPT * smoothedSum + loss,
                KEPT * smoothedWeight + 1,
                samples + seen.samples(),
                positions + seen.positions(),
                padding + seen.padding(),
                supervised + seen.supervised());
    }

    /** With one more step that changed nothing. */
    public RunTotals plusBad(Seen seen) {
        return new RunTotals(
                steps + 1,
                badSteps + 1,
                lossSum,
                smoothedSum,
                smoothedWeight,
                samples + seen.samples(),
                positions + seen.positions(),
                padding + seen.padding(),
                supervised + seen.supervised());
    }

    /** Mean of the losses so far. */
    public double meanLoss() {
        return lossSum / (steps - badSteps);
    }

    /** Mean of the losses so far, the recent ones counting more. */
    public double smoothedLoss() {
        return smoothedSum / smoothedWeight;
    }

    /** Share of all positions that were padding, 0..1. */
    public double paddingShare() {
        return positions == 0 ? 0 : (double) padding / positions;
    }

    /** Share of all positions that had something to learn, 0..1. */
    public double supervisedShare() {
        return positions == 0 ? 0 : (double) supervised / positions;
    }
}
