package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import java.util.Arrays;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** RMSNorm and LayerNorm, row by row. Gradients recompute a row's statistics instead of storing them. */
final class CpuNorms implements NormKernels {
    /** Floats per task. */
    private static final int FLOATS_PER_TASK = 1 << 15;
    /** Rows summed into one partial sum of a parameter's gradient. */
    private static final int PARTIAL_ROWS = 64;

    private final RowMath math;
    private final KernelThreadPool pool;
    private final NormKernels fallback;

    CpuNorms(MathBackend backend, KernelThreadPool pool, NormKernels fallback) {
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
    }

    @Override
    public void rmsNorm(INDArray x, INDArray w, double eps, INDArray y) {
        if (Matrix.allReadable(x, w, y)) {
            rmsNorm(of(x), of(w), eps, of(y));
        } else {
            fallback.rmsNorm(x, w, eps, y);
        }
    }

    private void rmsNorm(Matrix x, Matrix w, double eps, Matrix y) {
        int d = x.columns();
        float[] weight = w.expect("w", 1, d).toHeap();
        y.expect("y", x.rows(), d);
        rows(x.rows(), d, (s, r) -> {
            float[] row = s.row(0, d);
            s.read(x.row(r), row, d);
            math.scaleBy(row, inverseRms(row, d, eps), weight, row, d);
            s.write(row, y.row(r), d);
        });
    }

    private float inverseRms(float[] x, int d, double eps) {
        return (float) (1 / Math.sqrt(math.dot(x, x, d) / (double) d + eps));
    }

    @Override
    public void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        if (Matrix.allReadable(dy, x, w, dx)) {
            gradInput(false, of(dy), of(x), of(w), eps, of(dx));
        } else {
            fallback.rmsNormGradInput(dy, x, w, eps, dx);
        }
    }

    @Override
    public void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw) {
        if (Matrix.allReadable(dy, x, dw)) {
            rmsNormGradWeight(of(dy), of(x), eps, of(dw));
        } else {
            fallback.rmsNormGradWeight(dy, x, eps, dw);
        }
    }

    private void rmsNormGradWeight(Matrix dy, Matrix x, double eps, Matrix dw) {
        int d = x.columns();
        dy.expect("dy", x.rows(), d);
        dw.expect("dw", 1, d);
        float[] sum = parameterSums(x.rows(), d, 1, (s, r, sums) -> {
            float[] row = s.row(0, d);
            float[] dyRow = s.row(1, d);
            s.read(x.row(r), row, d);
            s.read(dy.row(r), dyRow, d);
            math.addProduct(dyRow, row, inverseRms(row, d, eps), sums[0], d);
        })[0];
        Scratch.forCurrentThread().write(sum, dw.address(), d);
    }

    @Override
    public void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y) {
        if (Matrix.allReadable(x, w, b, y)) {
            layerNorm(of(x), of(w), of(b), eps, of(y));
        } else {
            fallback.layerNorm(x, w, b, eps, y);
        }
    }

    private void layerNorm(Matrix x, Matrix w, Matrix b, double eps, Matrix y) {
        int d = x.columns();
        float[] weight = w.expect("w", 1, d).toHeap();
        float[] bias = b.expect("b", 1, d).toHeap();
        y.expect("y", x.rows(), d);
        rows(x.rows(), d, (s, r) -> {
            float[] row = s.row(0, d);
            s.read(x.row(r), row, d);
            float inverse = center(row, d, eps);
            math.affine(row, inverse, weight, bias, row, d);
            s.write(row, y.row(r), d);
        });
    }

    /** Subtracts the row's mean; returns 1 / sqrt(var + eps). */
    private float center(float[] row, int d, double eps) {
        math.shift(row, -math.sum(row, d) / d, d);
        return inverseRms(row, d, eps);
    }

    @Override
    public void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        if (Matrix.allReadable(dy, x, w, dx)) {
            gradInput(true, of(dy), of(x), of(w), eps, of(dx));
        } else {
            fallback.layerNormGradInput(dy, x, w, eps, dx);
        }
    }

    /** @param centered LayerNorm, which subtracts the mean; else RMSNorm */
    private void gradInput(boolean centered, Matrix dy, Matrix x, Matrix w, double eps, Matrix dx) {
        int d = x.columns();
        float[] weight = w.expect("w", 1, d).toHeap();
        dy.expect("dy", x.rows(), d);
        dx.expect("dx", x.rows(), d);
        rows(x.rows(), d, (s, r) -> {
            float[] row = s.row(0, d);
            float[] dyRow = s.row(1, d);
            s.read(x.row(r), row, d);
            s.read(dy.row(r), dyRow, d);
            float inverse = centered ? center(row, d, eps) : inverseRms(row, d, eps);
            float slope = -inverse * inverse * math.dot(dyRow, weight, row, d) / d;
            float offset = centered ? -math.dot(dyRow, weight, d) / d : 0;
            math.normGrad(dyRow, weight, row, slope, offset, inverse, row, d);
            s.write(row, dx.row(r), d);
        });
    }

    @Override
    public void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db) {
        if (Matrix.allReadable(dy, x, dw, db)) {
            layerNormGradParams(of(dy), of(x), eps, of(dw), of(db));
        } else {
            fallback.layerNormGradParams(dy, x, eps, dw, db);
        }
    }

    private void layerNormGradParams(Matrix dy, Matrix x, double eps, Matrix dw, Matrix db) {
        int d = x.columns();
        dy.expect("dy", x.rows(), d);
        dw.expect("dw", 1, d);
        db.expect("db", 1, d);
        float[][] sums = parameterSums(x.rows(), d, 2, (s, r, sum) -> {
            float[] row = s.row(0, d);
            float[] dyRow = s.row(1, d);
            s.read(x.row(r), row, d);
            s.read(dy.row(r), dyRow, d);
            math.addProduct(dyRow, row, center(row, d, eps), sum[0], d);
            math.add(dyRow, sum[1], d);
        });
        Scratch s = Scratch.forCurrentThread();
        s.write(sums[0], dw.address(), d);
        s.write(sums[1], db.address(), d);
    }

    private interface RowJob {
        void run(Scratch scratch, int row);
    }

    private void rows(int rows, int d, RowJob job) {
        pool.parallelFor(rows, Math.max(1, FLOATS_PER_TASK / d), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int r = from; r < to; r++) {
                job.run(s, r);
            }
        });
    }

    private interface SumJob {
        void add(Scratch scratch, int row, float[][] sums);
    }

    /** Sums {@code count} vectors over all rows: one partial sum per block of rows, added up in a fixed order. */
    private float[][] parameterSums(int rows, int d, int count, SumJob job) {
        int blocks = (rows + PARTIAL_ROWS - 1) / PARTIAL_ROWS;
        float[][][] partials = new float[blocks][count][];
        pool.parallelFor(blocks, 1, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int block = from; block < to; block++) {
                float[][] sums = partials[block];
                Arrays.setAll(sums, i -> new float[d]);
                for (int r = block * PARTIAL_ROWS; r < Math.min(rows, (block + 1) * PARTIAL_ROWS); r++) {
                    job.add(s, r, sums);
                }
            }
        });
        for (int block = 1; block < blocks; block++) {
            for (int i = 0; i < count; i++) {
                math.add(partials[block][i], partials[0][i], d);
            }
        }
        return partials[0];
    }
}
