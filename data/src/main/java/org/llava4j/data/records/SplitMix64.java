package org.llava4j.data.records;

/**
 * The SplitMix64 generator (Steele et al. 2014) as functions: the same numbers on every machine and JVM, and any of them
 * without those before it.
 */
public final class SplitMix64 {
    /** What the state grows by from one number to the next. */
    static final long STEP = 0x9E3779B97F4A7C15L;

    private static final double UNIT = 0x1.0p-53;

    private SplitMix64() {}

    /** 64 bits for a state; states that differ little give bits that have nothing in common. */
    public static long mix(long state) {
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Number {@code index}, from 0, of the sequence that begins at {@code state}: uniform in 0..1 without 1. */
    public static double uniform(long state, long index) {
        return (mix(state + STEP * (index + 1)) >>> 11) * UNIT;
    }
}
