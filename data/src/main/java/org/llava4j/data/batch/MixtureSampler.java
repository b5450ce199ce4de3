package org.llava4j.data.batch;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SplitMix64;

/**
 * Mixture sampler: selects the source dataset of each position of an epoch at random by weight. The choice is a pure
 * function of seed, epoch and position, so that a resumed run samples as an uninterrupted one.
 */
public final class MixtureSampler {
    /** Decorrelates the sampling from the shuffles of the same seed. */
    private static final long SEED_SALT = 0x5DEECE66DL;

    private final double[] cumulativeWeights; // share of sources 0..i in the sum of all weights
    private final long seed;

    /**
     * Creates a sampler.
     *
     * @param weights one for each source, with any sum
     * @throws BadInputException if there are none, or one is not positive and finite
     */
    MixtureSampler(List<Double> weights, long seed) {
        if (weights.isEmpty()) {
            throw new BadInputException("the list of weights is empty; give one weight for each source");
        }
        weights.forEach(MixtureSampler::requireWeight);
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        if (Double.isInfinite(sum)) {
            throw new BadInputException("the weights " + weights + " have an infinite sum; give smaller weights");
        }
        this.seed = seed ^ SEED_SALT;
        cumulativeWeights = new double[weights.size()];
        double before = 0;
        for (int i = 0; i < cumulativeWeights.length; i++) {
            before += weights.get(i);
            cumulativeWeights[i] = before / sum;
        }
        cumulativeWeights[cumulativeWeights.length - 1] = 1;
    }

    /**
     * Checks a weight.
     *
     * @throws BadInputException if it is not positive and finite
     */
    public static void requireWeight(double weight) {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new BadInputException(
                    "the weight of a source is " + weight + "; give a number above 0, or remove the source");
        }
    }

    /** Returns the source of a position. */
    int source(long epoch, int position) {
        double uniform = SplitMix64.uniform(SplitMix64.mix(SplitMix64.mix(seed) + epoch), position);
        int source = 0;
        while (uniform >= cumulativeWeights[source]) {
            source++;
        }
        return source;
    }
}
