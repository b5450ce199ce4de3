package org.llava4j.model.kernels;

import java.nio.ByteBuffer;

/** Arithmetic on rows of weights in a {@link BlockFormat}. */
interface BlockMath {

    /**
     * Dot products of dequantized rows with each x: {@code sums[i][r]} for row r and {@code xs[i]}.
     *
     * @param memory the rows in native memory
     * @param rows number of rows
     * @param blocks number of blocks of a row
     */
    void dotRows(BlockFormat format, ByteBuffer memory, int rows, int blocks, float[][] xs, float[][] sums);

    /** Dequantizes the first {@code blocks} blocks of native memory. */
    void dequantize(BlockFormat format, ByteBuffer memory, int blocks, float[] to);
}
