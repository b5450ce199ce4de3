package org.llava4j.data.records;

/**
 * Seeded hash of texts: random bits that are a pure function of a seed and two texts, independent of where and in which
 * order they are computed.
 */
public final class SeededHash {
    private static final long OFFSET = 0xCBF29CE484222325L;
    private static final long PRIME = 0x100000001B3L;

    private SeededHash() {}

    /** Returns 64 random bits. */
    public static long bits(long seed, String first, String second) {
        return SplitMix64.mix(hash(hash(seed ^ OFFSET, first) * PRIME ^ 0xFFFF, second));
    }

    /** FNV-1a over characters. */
    private static long hash(long start, String text) {
        long hash = start;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * PRIME;
        }
        return hash;
    }
}
