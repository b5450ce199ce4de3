package org.llava4j.data.records;

/**
 * A shuffle of 0..size-1 that is the same on every machine and JVM for the same seed: where a run stands in its data is
 * the seed and one position. Fisher and Yates's shuffle over the SplitMix64 generator (Steele et al. 2014).
 */
public final class SeededPermutation {
    private final int[] order;
    private long state;

    /** @param epoch each pass over the data has an order of its own */
    public SeededPermutation(int size, long seed, long epoch) {
        order = new int[size];
        state = SplitMix64.mix(seed) + epoch;
        for (int i = 0; i < size; i++) {
            int j = bounded(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }

    /** What comes at {@code position}, 0..size-1. */
    public int get(int position) {
        return order[position];
    }

    public int size() {
        return order.length;
    }

    /** Uniform in 0..bound-1: values from the incomplete last stretch are drawn again. */
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
