package org.llava4j.data.batch;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SplitMix64;

/**
 * Which source each position of an epoch takes its sample from: drawn by weight, and a function of seed, epoch and
 * position alone, so that a run that goes on draws what it would have drawn.
 */
public final class MixtureSampler {
    /** So that the draw and the shuffles have nothing in common. */
    private static final long SEED_SALT = 0x5DEECE66DL;

    private final double[] cumulativeWeights; // sum of the weights up to and with source i, as a share of all
    private final long seed;

    /**
     * @param weights one for each source; their sum may be anything
     * @throws BadInputException if there is none, or one is not a positive number
     */
    public MixtureSampler(List<Double> weights, long seed) {
        if (weights.isEmpty()) {
            throw new BadInputException("there is no weight to draw by; give one for each source");
        }
        weights.forEach(MixtureSampler::requireWeight);
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        if (Double.isInfinite(sum)) {
            throw new BadInputException("the weights " + weights + " are too large to be added; give smaller ones");
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

    /** @throws BadInputException if it is not a positive number */
    public static void requireWeight(double weight) {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new BadInputException(
                    "the weight of a source is " + weight + "; give a number above 0, or leave the source out");
        }
    }

    /** The source of a position. */
    public int source(long epoch, int position) {
        double drawn = SplitMix64.uniform(SplitMix64.mix(SplitMix64.mix(seed) + epoch), position);
        int source = 0;
        while (drawn >= cumulativeWeights[source]) {
            source++;
        }
        return source;
    }
}
