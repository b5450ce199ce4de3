package org.llava4j.data.batch;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededPermutation;

/**
 * Several sources, drawn from by weight: each position of an epoch draws its source, and takes that source's next sample.
 * A source is walked through in a shuffle of its own, over the ends of epochs, and begun again in another when it is used
 * up. An epoch has as many positions as there are samples, but a sample may come twice in it or not at all.
 */
public final class WeightedMixture extends ConcatDataset {
    private final List<Double> weights;
    private SampledCounts last = new SampledCounts(0, 0, new long[0]);

    /** How often each source was drawn in all epochs before one. */
    private record SampledCounts(long seed, long epoch, long[] sampled) {}

    /**
     * @param weights one for each source; their sum may be anything
     * @throws BadInputException if they are not as many, one is not a positive number, or a source has no samples
     */
    public WeightedMixture(List<? extends ConversationDataset> sources, List<Double> weights) {
        super(sources);
        if (weights.size() != sources.size()) {
            throw new BadInputException(
                    "there are " + weights.size() + " weights for " + sources.size() + " sources; give one for each");
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
        MixtureSampler draw = new MixtureSampler(weights, seed);
        long[] drawn = sampledBefore(draw, seed, epoch);
        SeededPermutation[] walks = new SeededPermutation[weights.size()];
        for (int i = 0; i < walks.length; i++) {
            walks[i] = shuffleAt(i, seed, drawn[i]);
        }
        int[] order = new int[size()];
        for (int at = 0; at < order.length; at++) {
            int source = draw.source(epoch, at);
            int place = Math.toIntExact(drawn[source] % sizeOf(source));
            if (place == 0) {
                walks[source] = shuffleAt(source, seed, drawn[source]);
            }
            order[at] = firstOf(source) + walks[source].get(place);
            drawn[source]++;
        }
        last = new SampledCounts(seed, epoch + 1, drawn);
        return at -> order[at];
    }

    /** The shuffle in which a source stands after so many draws. */
    private SeededPermutation shuffleAt(int source, long seed, long drawn) {
        return new SeededPermutation(sizeOf(source), seed + source, drawn / sizeOf(source));
    }

    /** Counted on from the epoch that was asked for last: a run goes from one to the next. */
    private long[] sampledBefore(MixtureSampler draw, long seed, long epoch) {
        boolean goesOn = last.seed() == seed && last.epoch() <= epoch && last.sampled().length > 0;
        long[] drawn = goesOn ? last.sampled().clone() : new long[weights.size()];
        for (long before = goesOn ? last.epoch() : 0; before < epoch; before++) {
            for (int at = 0; at < size(); at++) {
                drawn[draw.source(before, at)]++;
            }
        }
        return drawn;
    }
}
