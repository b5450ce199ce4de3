package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;

/**
 * A bf16 or fp16 weight of a linear layer. With a small batch, reading the weight dominates the time, so each row is
 * converted to float32 inside the dot product.
 */
record HalfLinearWeight(HalfMatrix matrix, MathBackend math) implements LowPrecisionLinearWeight {
    @Override
    public void toFloat32(Scratch scratch, int row, int column, int width, float[] to) {
        matrix.widen(scratch, math.halves(), row, column, width, to);
    }

    @Override
    public SmallBatch.Form smallBatchForm() {
        return SmallBatch.Form.DEINTERLEAVED;
    }

    @Override
    public void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float[][] sums) {
        matrix.dotRows(scratch, math.halves(), n0, n1, x, sums);
    }
}
