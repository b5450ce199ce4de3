package org.llava4j.model.kernels;

/**
 * Arithmetic on heap rows of 16-bit floats, which are widened to float32 exactly: subnormals, infinities and NaN too.
 *
 * <p>For sums two neighbours come as one int, the first of them in its lower half, so that shifts and masks widen both.
 */
interface HalfMath {

    /** The first n from bfloat16, the upper half of a float32. */
    void widenBf16(short[] from, float[] to, int n);

    /** The first n from IEEE 754 binary16. */
    void widenF16(short[] from, float[] to, int n);

    /**
     * Sum over n pairs of bfloat16 times x.
     *
     * @param x for the n lower halves, then for the n upper halves
     */
    float dotBf16(int[] pairs, float[] x, int n);

    /** {@link #dotBf16} for IEEE 754 binary16. */
    float dotF16(int[] pairs, float[] x, int n);
}
