package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;

/** A weight of a linear layer in a {@link BlockFormat}. A product with a small batch reads its blocks as they are stored. */
record BlockLinearWeight(BlockMatrix matrix, MathBackend math) implements LowPrecisionLinearWeight {
    @Override
    public void toFloat32(Scratch scratch, int row, int column, int width, float[] to) {
        matrix.dequantize(math, row, column, width, to);
    }

    @Override
    public SmallBatch.Form smallBatchForm() {
        return SmallBatch.Form.PLAIN;
    }

    @Override
    public void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float[][] sums) {
        matrix.dotRows(math, n0, n1, x, sums);
    }
}
