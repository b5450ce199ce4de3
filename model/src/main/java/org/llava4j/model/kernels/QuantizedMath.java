package org.llava4j.model.kernels;

import java.nio.ByteBuffer;

/** Arithmetic on rows of quantized weights ({@link QuantizedFormat}). */
interface QuantizedMath {

    /**
     * Dot products of dequantized rows with each x: {@code sums[i][r]} for row r and {@code xs[i]}.
     *
     * @param words the integers of the rows in native memory
     * @param scales the scales of the rows in native memory
     * @param rows number of rows
     * @param blocks number of blocks of a row
     * @param xs values of the columns of all blocks, 0 for padding
     */
    void dotRows(
            QuantizedFormat format,
            ByteBuffer words,
            ByteBuffer scales,
            int rows,
            int blocks,
            float[][] xs,
            float[][] sums);

    /** Dequantizes blocks: {@value QuantizedFormat#LANES} words, and one scale per group each. */
    void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to);
}
