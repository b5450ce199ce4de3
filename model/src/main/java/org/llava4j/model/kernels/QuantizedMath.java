package org.llava4j.model.kernels;

import java.nio.ByteBuffer;

/** Arithmetic on rows of quantized weights ({@link QuantizedFormat}). */
interface QuantizedMath {

    /**
     * Dot products of dequantized rows in Q8 with each x: {@code sums[i][r]} for row r and {@code xs[i]}.
     *
     * @param words the integers of the rows in native memory
     * @param scales the scales of the rows in native memory
     * @param rows number of rows
     * @param blocks number of blocks of a row
     * @param xs rows of {@link SmallBatch.Form#DIFFERENCES}
     */
    void dotRowsQ8(ByteBuffer words, ByteBuffer scales, int rows, int blocks, float[][] xs, float[][] sums);

    /** Like {@link #dotRowsQ8} for Q4 and rounded activations: the products of a group are exact integers. */
    void dotRowsQ4(ByteBuffer words, ByteBuffer scales, int rows, int blocks, RoundedActivations[] xs, float[][] sums);

    /**
     * Dequantizes blocks of {@link QuantizedFormat#blockWords} words.
     *
     * @param scales one per group, in the order of the columns
     */
    void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to);

    /**
     * Rounds groups of activations to integers of at most {@link RoundedActivations#MAX}.
     *
     * @param x {@code groups} times {@value QuantizedFormat#GROUP} values; becomes the integers
     * @param scales receives absmax / {@link RoundedActivations#MAX} of each group
     */
    void roundGroups(float[] x, int groups, float[] scales);

    /** Multiplies the values of each group with its scale. */
    void scaleGroups(float[] x, int groups, float[] scales);

    /**
     * The sums of a candidate of {@link ScaleSearch}: values times {@code steps} are rounded to integers r of the format, and
     * {@code products[g]} and {@code squares[g]} become the sums of weight * value * r and weight * r * r of group g.
     *
     * @param values the first of all groups, then the second of all, up to {@value QuantizedFormat#GROUP} of each
     * @param weights in the same order
     */
    void sumRounded(
            float[] values, float[] weights, float steps, QuantizedFormat format, float[] products, float[] squares);
}
