package org.llava4j.model.kernels;

/**
 * Deterministic dropout mask, computed from a seed by hashing. The backward pass, recomputed activations, runs with
 * another number of threads and resumed runs all get the same mask, and no mask array is stored.
 *
 * @param stream identifies the place in the graph, see {@link #stream}
 * @param seed changes with every forward pass of a run; if negative, nothing is dropped
 * @param rate share of the elements that are dropped, in [0, 1); the others are scaled by 1 / (1 - rate)
 */
public record DropoutMask(long stream, long seed, double rate) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final double HALVES = 1L << 32;
    private static final long LOW = 0xFFFFFFFFL;

    /**
     * Returns the stream of a place in the graph.
     *
     * @param seed of the run
     * @param name unique name of the place, such as a tensor name
     */
    public static long stream(long seed, String name) {
        return mix(mix(seed) ^ name.hashCode());
    }

    /**
     * Applies the mask to a row in place.
     *
     * @param from position of the row's first element in the flattened array; even
     */
    void apply(float[] row, long from, int n) {
        if (seed < 0) {
            return;
        }
        long start = mix(stream ^ mix(seed));
        long dropped = (long) (rate * HALVES);
        float factor = (float) (1 / (1 - rate));
        // One 64-bit hash serves two neighboring elements, 32 bits each.
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
