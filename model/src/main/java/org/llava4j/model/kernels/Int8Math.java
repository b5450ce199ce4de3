package org.llava4j.model.kernels;

/**
 * Arithmetic on {@code int8} values. For dot products four values are packed into one {@code int}, the first in its
 * lowest byte, so that shifts sign-extend them.
 */
interface Int8Math {

    /**
     * Dot product of the 4n int8 values in {@code quads[at..at + n)} and x.
     *
     * @param x 4n values: those for the n lowest bytes first, then those for the n next bytes, and so on; see {@link
     *     Int8Quantization#deinterleave}
     */
    float dot(int[] quads, int at, float[] x, int n);

    /** to[0..n) = from[at..at + n) * factor. */
    void dequantize(byte[] from, int at, float factor, float[] to, int n);
}
