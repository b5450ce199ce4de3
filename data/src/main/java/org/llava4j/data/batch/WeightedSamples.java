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
public final class WeightedSamples extends SampleUnion {
    private final List<Double> weights;
    private Counted last = new Counted(0, 0, new long[0]);

    /** How often each source was drawn in all epochs before one. */
    private record Counted(long seed, long epoch, long[] drawn) {}

    /**
     * @param weights one for each source; their sum may be anything
     * @throws BadInputException if they are not as many, one is not a positive number, or a source has no samples
     */
    public WeightedSamples(List<? extends SampleSource> sources, List<Double> weights) {
        super(sources);
        if (weights.size() != sources.size()) {
            throw new BadInputException(
                    "there are " + weights.size() + " weights for " + sources.size() + " sources; give one for each");
        }
        weights.forEach(SourceDraw::requireWeight);
        this.weights = List.copyOf(weights);
    }

    @Override
    public boolean repeats() {
        return true;
    }

    @Override
    public IntUnaryOperator order(long seed, long epoch) {
        SourceDraw draw = new SourceDraw(weights, seed);
        long[] drawn = drawnBefore(draw, seed, epoch);
        SeededPermutation[] walks = new SeededPermutation[weights.size()];
        for (int i = 0; i < walks.length; i++) {
            walks[i] = walk(i, seed, drawn[i]);
        }
        int[] order = new int[size()];
        for (int at = 0; at < order.length; at++) {
            int source = draw.source(epoch, at);
            int place = Math.toIntExact(drawn[source] % sizeOf(source));
            if (place == 0) {
                walks[source] = walk(source, seed, drawn[source]);
            }
            order[at] = firstOf(source) + walks[source].get(place);
            drawn[source]++;
        }
        last = new Counted(seed, epoch + 1, drawn);
        return at -> order[at];
    }

    /** The shuffle in which a source stands after so many draws. */
    private SeededPermutation walk(int source, long seed, long drawn) {
        return new SeededPermutation(sizeOf(source), seed + source, drawn / sizeOf(source));
    }

    /** Counted on from the epoch that was asked for last: a run goes from one to the next. */
    private long[] drawnBefore(SourceDraw draw, long seed, long epoch) {
        boolean goesOn = last.seed() == seed && last.epoch() <= epoch && last.drawn().length > 0;
        long[] drawn = goesOn ? last.drawn().clone() : new long[weights.size()];
        for (long before = goesOn ? last.epoch() : 0; before < epoch; before++) {
            for (int at = 0; at < size(); at++) {
                drawn[draw.source(before, at)]++;
            }
        }
        return drawn;
    }
}
