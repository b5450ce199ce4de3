package org.llava4j.model.kernels;

/** Order of the d dimensions of a head, of which RoPE rotates two at a time. */
public enum RotaryOrder {
    /** Dimension i is rotated with i + d/2, as in Hugging Face. */
    HALVES,
    /** Dimension 2i is rotated with 2i + 1, as in GGUF files: 2i is i of {@link #HALVES}, and 2i + 1 is i + d/2. */
    PAIRS;

    /** Copies heads from {@link #PAIRS} to {@link #HALVES}. */
    static void toHalves(float[] pairs, int headDim, float[] halves, int n) {
        int half = headDim / 2;
        for (int head = 0; head < n; head += headDim) {
            for (int i = 0; i < half; i++) {
                halves[head + i] = pairs[head + 2 * i];
                halves[head + half + i] = pairs[head + 2 * i + 1];
            }
        }
    }

    /** Copies heads from {@link #HALVES} to {@link #PAIRS}. */
    static void toPairs(float[] halves, int headDim, float[] pairs, int n) {
        int half = headDim / 2;
        for (int head = 0; head < n; head += headDim) {
            for (int i = 0; i < half; i++) {
                pairs[head + 2 * i] = halves[head + i];
                pairs[head + 2 * i + 1] = halves[head + half + i];
            }
        }
    }
}
