package org.llava4j.model.kernels;

/**
 * Arithmetic on rows of 16-bit floats (bfloat16 and IEEE 754 binary16). Values are converted to float32 exactly,
 * including subnormals, infinities and NaN.
 *
 * <p>For dot products two neighboring values are packed into one {@code int}, the first in its lower half, so that
 * shifts and masks convert both.
 */
interface HalfMath {

    /** Converts the first n values from bfloat16, which is the upper half of a float32. */
    void widenBf16(short[] from, float[] to, int n);

    /** Converts the first n values from IEEE 754 binary16. */
    void widenF16(short[] from, float[] to, int n);

    /**
     * Dot product of n pairs of bfloat16 values and x.
     *
     * @param x 2n values: those for the n lower halves first, then those for the n upper halves
     */
    float dotBf16(int[] pairs, float[] x, int n);

    /** Like {@link #dotBf16} for IEEE 754 binary16. */
    float dotF16(int[] pairs, float[] x, int n);
}
