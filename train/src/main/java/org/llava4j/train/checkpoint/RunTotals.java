package org.llava4j.train.checkpoint;

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
        long supervised,
        List<Long> drawn) {
    /** Nothing yet. */
    public static final RunTotals NONE = new RunTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, List.of());

    /** So many good steps have to be behind a run before a loss can be told from the wild ones of its start. */
    private static final int STEPS_BEFORE_LIMIT = 20;

    /** Losses near zero double easily; what is not so much above the others, in nats, is no explosion. */
    private static final double LEAST_RISE = 1;

    /** What of all earlier losses stays in the smoothed one at each step. */
    private static final double KEPT = 0.95;

    /**
     * What the batches of one step hold.
     *
     * @param drawn samples of each source of data
     */
    public record Seen(int samples, long positions, long padding, long supervised, List<Long> drawn) {
        /** Of several batches together. */
        public Seen plus(Seen other) {
            return new Seen(
                    samples + other.samples,
                    positions + other.positions,
                    padding + other.padding,
                    supervised + other.supervised,
                    sum(drawn, other.drawn));
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
                supervised + seen.supervised(),
                sum(drawn, seen.drawn()));
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
                supervised + seen.supervised(),
                sum(drawn, seen.drawn()));
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
     * Above which loss the next step has exploded.
     *
     * @param factor of the smoothed loss, which must be exceeded by 1 nat too; 0 for no limit
     */
    public double explodesAbove(double factor) {
        return factor == 0 || steps - badSteps < STEPS_BEFORE_LIMIT
                ? Double.POSITIVE_INFINITY
                : Math.max(factor * smoothedLoss(), smoothedLoss() + LEAST_RISE);
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
