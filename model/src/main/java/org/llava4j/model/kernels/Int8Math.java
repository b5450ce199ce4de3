package org.llava4j.model.kernels;

/**
 * Arithmetic on whole numbers of 8 bits, four of which come as one int, the first in its lowest byte, so that shifts
 * widen them.
 */
interface Int8Math {

    /**
     * Sum over {@code n} ints from {@code at} on, of their four numbers times x.
     *
     * @param x for the n lowest bytes, then for the n next ones, and so on
     */
    float dot(int[] quads, int at, float[] x, int n);

    /** to[0..n) = from[at..at + n) * factor. */
    void dequantize(byte[] from, int at, float factor, float[] to, int n);
}
