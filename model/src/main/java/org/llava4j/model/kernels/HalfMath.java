package org.llava4j.model.kernels;

import java.nio.ByteBuffer;

/**
 * Arithmetic on rows of 16-bit floats (bfloat16 and IEEE 754 binary16). Values are converted to float32 exactly,
 * including subnormals, infinities and NaN.
 *
 * <p>Dot products read two neighboring values as one {@code int}, the first in its lower half, so that shifts and masks
 * convert both.
 */
interface HalfMath {

    /** Converts the first n values from bfloat16, which is the upper half of a float32. */
    void widenBf16(short[] from, float[] to, int n);

    /** Converts the first n values from IEEE 754 binary16. */
    void widenF16(short[] from, float[] to, int n);

    /**
     * Dot products of rows of bfloat16 values with x: {@code sums[sumAt + r]} for each row r.
     *
     * @param memory dense rows from position 0 on
     * @param columns of a row; an odd last one is left out
     * @param x the values for the columns of even index, then those for the columns of odd index
     */
    void dotRowsBf16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt);

    /** Like {@link #dotRowsBf16} for IEEE 754 binary16. */
    void dotRowsF16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt);
}
