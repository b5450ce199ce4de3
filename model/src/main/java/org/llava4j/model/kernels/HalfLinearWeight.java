package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;

/**
 * A bf16 or fp16 weight of a linear layer. With a small batch, reading the weight dominates the time, so each row is
 * converted to float32 inside the dot product.
 */
record HalfLinearWeight(HalfMatrix matrix, MathBackend math) implements LowPrecisionLinearWeight {
    @Override
    public int outputs() {
        return matrix.rows();
    }

    @Override
    public int inputs() {
        return matrix.columns();
    }

    @Override
    public void toFloat32(Scratch scratch, int row, int column, int width, float[] to) {
        matrix.widen(scratch, math.halves(), row, column, width, to);
    }

    @Override
    public void multiplySmallBatch(Scratch scratch, Matrix x, int n0, int n1, float beta, Matrix y) {
        float[][] xs = new float[x.rows()][inputs()];
        float[][] ys = new float[x.rows()][n1 - n0];
        float[] row = scratch.row(HEAP_SLOT, inputs());
        for (int r = 0; r < xs.length; r++) {
            scratch.read(x.row(r), row, inputs());
            HalfMatrix.deinterleave(row, inputs(), xs[r]);
        }
        float[] sums = new float[xs.length];
        for (int n = n0; n < n1; n++) {
            matrix.dot(scratch, math.halves(), n, xs, sums);
            for (int r = 0; r < xs.length; r++) {
                ys[r][n - n0] = sums[r];
            }
        }
        LinearWeight.store(scratch, ys, n0, beta, y);
    }
}
