package org.llava4j.data.records;

/**
 * Seeded shuffle of 0..size-1 that is the same on every machine and JVM, so that the position of a run in its data is
 * the seed and one index. Fisher-Yates shuffle with the SplitMix64 generator (Steele et al. 2014).
 */
public final class SeededPermutation {
    private final int[] order;
    private long state;

    /**
     * Creates a shuffle.
     *
     * @param epoch pass over the data; each has another order
     */
    public SeededPermutation(int size, long seed, long epoch) {
        order = new int[size];
        state = SplitMix64.mix(seed) + epoch;
        for (int i = 0; i < size; i++) {
            int j = bounded(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }

    /** Returns the element at {@code position}, 0..size-1. */
    public int get(int position) {
        return order[position];
    }

    /** Returns the number of elements. */
    public int size() {
        return order.length;
    }

    /** Returns a uniform value in 0..bound-1; values of the incomplete last interval are rejected. */
    private int bounded(int bound) {
        while (true) {
            state += SplitMix64.STEP;
            long bits = SplitMix64.mix(state) >>> 1;
            long value = bits % bound;
            if (bits - value + (bound - 1) >= 0) {
                return (int) value;
            }
        }
    }
}
