package org.llava4j.data.records;

/**
 * SplitMix64 generator (Steele et al. 2014) as pure functions: the same values on every machine and JVM, with random
 * access to the sequence.
 */
public final class SplitMix64 {
    /** Increment of the state. */
    static final long STEP = 0x9E3779B97F4A7C15L;

    private static final double UNIT = 0x1.0p-53;

    private SplitMix64() {}

    /** Mixes a state to 64 random bits; similar states give uncorrelated bits. */
    public static long mix(long state) {
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Returns element {@code index} of the sequence that starts at {@code state}: uniform in [0, 1). */
    public static double uniform(long state, long index) {
        return (mix(state + STEP * (index + 1)) >>> 11) * UNIT;
    }
}
