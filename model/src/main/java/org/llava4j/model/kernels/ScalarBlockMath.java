package org.llava4j.model.kernels;

import java.nio.ByteBuffer;

/** {@link BlockMath} in plain Java. */
final class ScalarBlockMath implements BlockMath {

    @Override
    public void dotRows(BlockFormat format, ByteBuffer memory, int rows, int blocks, float[][] xs, float[][] sums) {
        int rowBytes = blocks * format.typeSize();
        float[] row = new float[blocks * format.blockSize()];
        for (int r = 0; r < rows; r++) {
            dequantize(format, memory, r * rowBytes, blocks, row);
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dot(row, xs[i], format.groupSize());
            }
        }
    }

    /** Groups are summed first, then their sums: one long chain of float additions would lose precision. */
    private static float dot(float[] row, float[] x, int group) {
        float sum = 0;
        for (int start = 0; start < row.length; start += group) {
            float groupSum = 0;
            for (int i = start; i < start + group; i++) {
                groupSum += row[i] * x[i];
            }
            sum += groupSum;
        }
        return sum;
    }

    @Override
    public void dequantize(BlockFormat format, ByteBuffer memory, int blocks, float[] to) {
        dequantize(format, memory, 0, blocks, to);
    }

    private static void dequantize(BlockFormat format, ByteBuffer memory, int at, int blocks, float[] to) {
        int blockSize = format.blockSize();
        int groupSize = format.groupSize();
        float[] scales = new float[blockSize / groupSize];
        float[] mins = new float[scales.length];
        for (int block = 0; block < blocks; block++) {
            int from = at + block * format.typeSize();
            format.unpackScales(memory, from, scales, mins, 0);
            for (int i = 0; i < blockSize; i++) {
                int group = i / groupSize;
                to[block * blockSize + i] = scales[group] * format.quant(memory, from, i) - mins[group];
            }
        }
    }
}
