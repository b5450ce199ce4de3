package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.llava4j.model.kernels.RowMath.AdamWFactors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** AdamW and the sum of squares for gradient clipping, one tile at a time. */
final class CpuOptimizer implements OptimizerKernels {
    private final RowMath rows;
    private final FlatTiles tiles;
    private final OptimizerKernels fallback;

    CpuOptimizer(MathBackend backend, KernelThreadPool pool, OptimizerKernels fallback) {
        rows = backend.rows();
        tiles = new FlatTiles(pool);
        this.fallback = fallback;
    }

    @Override
    public double sumOfSquares(INDArray x) {
        return Matrix.allReadable(x) ? sumOfSquares(of(x)) : fallback.sumOfSquares(x);
    }

    /** Sums the tiles, then their sums, always in the same order. */
    private double sumOfSquares(Matrix x) {
        double[] sums = new double[Math.toIntExact((x.length() + FlatTiles.LENGTH - 1) / FlatTiles.LENGTH)];
        tiles.forEach(x.length(), (s, from, n) -> {
            float[] row = FlatTiles.read(s, 0, x, from, n);
            sums[(int) (from / FlatTiles.LENGTH)] = rows.dot(row, row, n);
        });
        double sum = 0;
        for (double tile : sums) {
            sum += tile;
        }
        return sum;
    }

    @Override
    public void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step) {
        if (Matrix.allReadable(w, g, m, v)) {
            adamW(of(w), of(g), of(m), of(v), step);
        } else {
            fallback.adamW(w, g, m, v, step);
        }
    }

    private void adamW(Matrix w, Matrix g, Matrix m, Matrix v, AdamWStep step) {
        FlatTiles.requireSameShape(w, g, m, v);
        AdamWFactors factors = AdamWFactors.of(step);
        tiles.forEach(w.length(), (s, from, n) -> {
            float[] weight = FlatTiles.read(s, 0, w, from, n);
            float[] gradient = FlatTiles.read(s, 1, g, from, n);
            float[] mean = FlatTiles.read(s, 2, m, from, n);
            float[] variance = FlatTiles.read(s, 3, v, from, n);
            rows.adamW(weight, gradient, mean, variance, factors, n);
            s.write(weight, w.flat(from), n);
            s.write(mean, m.flat(from), n);
            s.write(variance, v.flat(from), n);
        });
    }
}
