package org.llava4j.data.synthetic;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Random choices from a generator whose sequence the Java specification fixes, so that a seed gives the same choices
 * everywhere.
 */
final class SeededRandom {
    private SeededRandom() {}

    /** Returns the generator of one item; neighboring arguments give uncorrelated sequences. */
    static SplittableRandom generator(long seed, String stream, long index) {
        SplittableRandom root = new SplittableRandom(seed ^ ((long) stream.hashCode() << 32));
        return new SplittableRandom(root.nextLong() + index * 0x9E3779B97F4A7C15L);
    }

    static <T> T choice(List<T> items, SplittableRandom random) {
        return items.get(random.nextInt(items.size()));
    }

    static <T> T choiceExcept(List<T> items, T than, SplittableRandom random) {
        return choice(items.stream().filter(item -> !item.equals(than)).toList(), random);
    }

    static <T> void shuffle(List<T> items, SplittableRandom random) {
        for (int i = items.size() - 1; i > 0; i--) {
            Collections.swap(items, i, random.nextInt(i + 1));
        }
    }

    /** Samples {@code count} distinct indices below {@code bound}, in random order. */
    static List<Integer> sampleIndices(int count, int bound, SplittableRandom random) {
        List<Integer> all = new ArrayList<>(IntStream.range(0, bound).boxed().toList());
        shuffle(all, random);
        return List.copyOf(all.subList(0, count));
    }

    static double uniform(double low, double high, SplittableRandom random) {
        return low + (high - low) * random.nextDouble();
    }
}
