package org.llava4j.model.kernels;

/**
 * Which elements of an array are dropped: a function of numbers alone, so that the backward pass, a second pool of
 * threads and a resumed run find the same ones without any array of them being kept.
 *
 * @param stream of the place in the graph, see {@link #stream}
 * @param seed of the moment, different for each pass of a run; below 0 nothing is dropped
 * @param rate share of the elements that are dropped, 0 up to but not 1; the others grow by 1 / (1 - rate)
 */
public record DropoutMask(long stream, long seed, double rate) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final double HALVES = 1L << 32;
    private static final long LOW = 0xFFFFFFFFL;

    /** A stream for each seed and name. */
    public static long stream(long seed, String name) {
        return mix(mix(seed) ^ name.hashCode());
    }

    /**
     * What the elements of a row are multiplied by, in place.
     *
     * @param from position of its first element in the whole array, even
     */
    void apply(float[] row, long from, int n) {
        if (seed < 0) {
            return;
        }
        long start = mix(stream ^ mix(seed));
        long dropped = (long) (rate * HALVES);
        float factor = (float) (1 / (1 - rate));
        // One hash has 32 bits for each of two neighbours.
        for (int i = 0; i < n; i += 2) {
            long bits = mix(start + GOLDEN * ((from + i) >>> 1));
            row[i] *= (bits & LOW) < dropped ? 0 : factor;
            if (i + 1 < n) {
                row[i + 1] *= (bits >>> 32) < dropped ? 0 : factor;
            }
        }
    }

    /** SplitMix64's output (Steele et al. 2014). */
    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
