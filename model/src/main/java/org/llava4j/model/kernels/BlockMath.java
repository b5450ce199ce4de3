package org.llava4j.model.kernels;

/** Arithmetic on rows of weights in a {@link BlockFormat}. */
interface BlockMath {

    /**
     * Dot products of a dequantized row with each row of x: {@code sums[i][at]} for row i of x.
     *
     * @param block index of the row's first block in {@code chunk}
     * @param blocks number of blocks of the row
     * @param x {@link SmallBatch.Form#PLAIN}
     * @param groupSums sums of the groups of each row of x, see {@link SmallBatch#groupSums}
     */
    void dot(BlockChunk chunk, int block, int blocks, SmallBatch x, float[][] groupSums, float[][] sums, int at);

    /** Dequantizes {@code blocks} blocks of a chunk from a block on. */
    void dequantize(BlockChunk chunk, int block, int blocks, float[] to);
}
