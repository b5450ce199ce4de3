package org.llava4j.data.batch;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededPermutation;

/**
 * Weighted mixture of datasets. Each position of an epoch samples a source by weight and takes the next sample of that
 * source. A source is traversed in a shuffled order of its own, across epochs, and is reshuffled when it is exhausted.
 * An epoch has as many positions as the sources have samples together, but a sample may occur in it twice or not at
 * all.
 */
public final class WeightedMixture extends ConcatDataset {
    private final List<Double> weights;
    private SampledCounts last = new SampledCounts(0, 0, new long[0]);

    /** Number of times that each source was sampled in all epochs before {@code epoch}. */
    private record SampledCounts(long seed, long epoch, long[] sampled) {}

    /**
     * Creates a mixture.
     *
     * @param weights one for each source, with any sum
     * @throws BadInputException if their number differs from that of the sources, one is not positive and finite, or a
     *     source is empty
     */
    public WeightedMixture(List<? extends ConversationDataset> sources, List<Double> weights) {
        super(sources);
        if (weights.size() != sources.size()) {
            throw new BadInputException(
                    weights.size() + " weights for " + sources.size() + " sources; give one weight for each source");
        }
        weights.forEach(MixtureSampler::requireWeight);
        this.weights = List.copyOf(weights);
    }

    @Override
    public boolean repeats() {
        return true;
    }

    @Override
    public IntUnaryOperator order(long seed, long epoch) {
        MixtureSampler sampler = new MixtureSampler(weights, seed);
        long[] sampled = sampledBefore(sampler, seed, epoch);
        SeededPermutation[] shuffles = new SeededPermutation[weights.size()];
        for (int i = 0; i < shuffles.length; i++) {
            shuffles[i] = shuffleAt(i, seed, sampled[i]);
        }
        int[] order = new int[size()];
        for (int at = 0; at < order.length; at++) {
            int source = sampler.source(epoch, at);
            int index = Math.toIntExact(sampled[source] % sizeOf(source));
            if (index == 0) {
                shuffles[source] = shuffleAt(source, seed, sampled[source]);
            }
            order[at] = firstOf(source) + shuffles[source].get(index);
            sampled[source]++;
        }
        last = new SampledCounts(seed, epoch + 1, sampled);
        return at -> order[at];
    }

    /** Returns the shuffled order of a source after it was sampled {@code sampled} times. */
    private SeededPermutation shuffleAt(int source, long seed, long sampled) {
        return new SeededPermutation(sizeOf(source), seed + source, sampled / sizeOf(source));
    }

    /** Counts from the epoch that was requested last, since a run goes from one epoch to the next. */
    private long[] sampledBefore(MixtureSampler sampler, long seed, long epoch) {
        boolean continues = last.seed() == seed && last.epoch() <= epoch && last.sampled().length > 0;
        long[] sampled = continues ? last.sampled().clone() : new long[weights.size()];
        for (long before = continues ? last.epoch() : 0; before < epoch; before++) {
            for (int at = 0; at < size(); at++) {
                sampled[sampler.source(before, at)]++;
            }
        }
        return sampled;
    }
}
