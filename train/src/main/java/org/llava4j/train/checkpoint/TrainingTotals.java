package org.llava4j.train.checkpoint;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Counters and loss averages of a run so far.
 *
 * @param steps optimizer steps, including rejected ones
 * @param badSteps rejected steps
 * @param lossSum sum of the losses of all other steps
 * @param smoothedSum exponentially weighted sum of these losses
 * @param smoothedWeight sum of the weights in {@code smoothedSum}
 * @param samples samples seen, repeated epochs included
 * @param positions positions of all batches, padding included
 * @param padding positions that are padding
 * @param savedPositions positions that packing saved, all of them padding; null if it saved none
 * @param targetTokens positions that have a target
 * @param samplesPerSource samples seen of each data source; empty before the first step
 * @param bestSmoothedLoss lowest smoothed loss so far; null before {@value #STEPS_BEFORE_LOSS_LIMIT} accepted steps,
 *     and in checkpoints of versions that did not record it
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
        @Nullable Long savedPositions,
        @JsonAlias("supervised") long targetTokens,
        @JsonAlias("drawn") List<Long> samplesPerSource,
        @Nullable Double bestSmoothedLoss) {
    /** Totals of a run before its first step. */
    public static final TrainingTotals NONE = new TrainingTotals(0, 0, 0, 0, 0, 0, 0, 0, null, 0, List.of(), null);

    /** Accepted steps before loss spikes are detected, because losses vary widely at the start. */
    private static final int STEPS_BEFORE_LOSS_LIMIT = 20;

    /** Minimum rise in nats of a loss spike, because a loss near zero doubles easily. */
    private static final double MIN_RISE_NATS = 1;

    /** Factor of the earlier losses in the exponential moving average. */
    private static final double SMOOTHING = 0.95;

    /**
     * Checks the counters.
     *
     * @throws BadInputException if one is missing, negative or more than there are
     */
    public TrainingTotals {
        boolean counted = badSteps >= 0
                && steps >= badSteps
                && samples >= 0
                && padding >= 0
                && positions >= padding
                && (savedPositions == null || savedPositions >= 0)
                && targetTokens >= 0
                && samplesPerSource != null
                && samplesPerSource.stream().allMatch(seen -> seen != null && seen >= 0);
        if (!counted) {
            throw new BadInputException("\"totals\" has a counter that is missing, negative or too large");
        }
    }

    /**
     * Counters of the batches of one step.
     *
     * @param savedPositions positions that packing saved; 0 without packing
     * @param samplesPerSource samples of each data source
     */
    public record StepCounts(
            int samples,
            long positions,
            long padding,
            long savedPositions,
            long targetTokens,
            List<Long> samplesPerSource) {
        /** Sums the counters. */
        public StepCounts plus(StepCounts other) {
            return new StepCounts(
                    samples + other.samples,
                    positions + other.positions,
                    padding + other.padding,
                    savedPositions + other.savedPositions,
                    targetTokens + other.targetTokens,
                    sum(samplesPerSource, other.samplesPerSource));
        }
    }

    /** Totals after one more accepted step. */
    public TrainingTotals plus(double loss, StepCounts seen) {
        double sum = SMOOTHING * smoothedSum + loss;
        double weight = SMOOTHING * smoothedWeight + 1;
        boolean early = steps + 1 - badSteps < STEPS_BEFORE_LOSS_LIMIT;
        Double best = early ? null : Double.valueOf(lower(bestSmoothedLoss, sum / weight));
        return plus(seen, badSteps, lossSum + loss, sum, weight, best);
    }

    /** Totals after one more rejected step. */
    public TrainingTotals plusRejected(StepCounts seen) {
        return plus(seen, badSteps + 1, lossSum, smoothedSum, smoothedWeight, bestSmoothedLoss);
    }

    private TrainingTotals plus(
            StepCounts seen, int newBadSteps, double newLossSum, double sum, double weight, @Nullable Double best) {
        return new TrainingTotals(
                steps + 1,
                newBadSteps,
                newLossSum,
                sum,
                weight,
                samples + seen.samples(),
                positions + seen.positions(),
                padding + seen.padding(),
                saved(seen),
                targetTokens + seen.targetTokens(),
                sum(samplesPerSource, seen.samplesPerSource()),
                best);
    }

    private @Nullable Long saved(StepCounts seen) {
        return savedPositions == null && seen.savedPositions() == 0
                ? null
                : Long.valueOf(Objects.requireNonNullElse(savedPositions, 0L) + seen.savedPositions());
    }

    private static double lower(@Nullable Double best, double loss) {
        return best == null ? loss : Math.min(best, loss);
    }

    /** Element-wise sum; totals before the first step have no counts. */
    private static List<Long> sum(List<Long> some, List<Long> more) {
        if (some.isEmpty()) {
            return more;
        }
        return IntStream.range(0, some.size())
                .mapToObj(i -> some.get(i) + more.get(i))
                .toList();
    }

    /** Mean loss of all accepted steps. */
    public double meanLoss() {
        return lossSum / (steps - badSteps);
    }

    /** Exponential moving average of the loss. */
    public double smoothedLoss() {
        return smoothedSum / smoothedWeight;
    }

    /**
     * Loss above which the next step is rejected as a loss spike. The loss of the step is compared with the smoothed
     * loss. Because a slowly rising loss raises the smoothed loss too, the next smoothed loss is compared with the
     * lowest so far.
     *
     * @param factor how many times the reference a loss must exceed, and 1 nat more; 0 for no limit
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

    /** Share of positions that are padding, 0..1. */
    public double paddingShare() {
        return positions == 0 ? 0 : (double) padding / positions;
    }

    /** Share of positions that would be padding without packing, 0..1; null if packing saved none. */
    public @Nullable Double unpackedPaddingShare() {
        return savedPositions == null ? null : (double) (padding + savedPositions) / (positions + savedPositions);
    }

    /** Share of positions that have a target, 0..1. */
    public double targetTokenShare() {
        return positions == 0 ? 0 : (double) targetTokens / positions;
    }
}
