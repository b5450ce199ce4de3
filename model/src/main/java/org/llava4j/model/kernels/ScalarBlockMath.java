package org.llava4j.model.kernels;

/** {@link BlockMath} in plain Java. */
final class ScalarBlockMath implements BlockMath {

    @Override
    public void dot(
            BlockChunk chunk, int block, int blocks, SmallBatch x, float[][] groupSums, float[][] sums, int at) {
        int groupSize = chunk.format().groupSize();
        float[] row = new float[blocks * chunk.format().blockSize()];
        dequantize(chunk, block, blocks, row);
        for (int i = 0; i < sums.length; i++) {
            sums[i][at] = dot(row, x.row(i), groupSize);
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
    public void dequantize(BlockChunk chunk, int block, int blocks, float[] to) {
        BlockFormat format = chunk.format();
        int groupSize = format.groupSize();
        byte[] quants = chunk.unpackQuants(block, blocks);
        for (int start = 0; start < blocks * format.blockSize(); start += groupSize) {
            int group = block * format.groups() + start / groupSize;
            float scale = chunk.scales()[group];
            float min = format.hasMin() ? chunk.mins()[group] : 0;
            for (int i = start; i < start + groupSize; i++) {
                to[i] = scale * quants[i] - min;
            }
        }
    }
}
