package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;
import static org.llava4j.model.kernels.Matrix.orNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear layers: OpenBLAS products, split into blocks along the longer side of their result and run by the thread pool.
 */
final class CpuLinear implements LinearKernels {
    private static final int BIAS_COLUMNS = 128;
    private static final int BIAS_ROWS = 64;
    /** Rows that a thread rounds at once. */
    private static final int ROUNDED_ROWS = 16;

    private final MathBackend backend;
    private final RowMath math;
    private final KernelThreadPool pool;
    private final LinearKernels fallback;
    private final boolean rounding;

    CpuLinear(MathBackend backend, KernelThreadPool pool, LinearKernels fallback) {
        this(backend, pool, fallback, true);
    }

    private CpuLinear(MathBackend backend, KernelThreadPool pool, LinearKernels fallback, boolean rounding) {
        this.backend = backend;
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
        this.rounding = rounding;
    }

    @Override
    public LinearKernels withoutRounding() {
        return new CpuLinear(backend, pool, fallback.withoutRounding(), false);
    }

    @Override
    public void forward(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y) {
        if (Matrix.allReadable(x, bias, residual, y) && LinearWeight.allReadable(w)) {
            LinearWeight weight = LinearWeight.of(w, backend);
            if (x.size(0) > LinearWeight.SMALL_BATCH_ROWS && rounds(weight)) {
                try (ArrayScope scope = new ArrayScope()) {
                    Matrix rounded = of(scope.borrow(DataType.FLOAT, x.shape()));
                    round(of(x), rounded);
                    forward(rounded, weight, orNull(bias), orNull(residual), of(y));
                }
            } else {
                forward(of(x), weight, orNull(bias), orNull(residual), of(y));
            }
        } else {
            fallback.forward(x, w, bias, residual, y);
        }
    }

    private void forward(Matrix x, LinearWeight w, @Nullable Matrix bias, @Nullable Matrix residual, Matrix y) {
        int rows = x.rows();
        int outputs = w.outputs();
        x.expect("x", rows, w.inputs());
        y.expect("y", rows, outputs);
        if (residual != null) {
            residual.expect("residual", rows, outputs);
        }
        float @Nullable [] biasRow =
                bias == null ? null : bias.expect("bias", 1, outputs).toHeap();
        SmallBatch smallBatch = rows <= LinearWeight.SMALL_BATCH_ROWS && hasSmallBatchProduct(w)
                ? SmallBatch.of(x, w.smallBatchForm(), backend.quantized())
                : null;
        ProductBlocks.run(pool, rows, outputs, w.inputs(), (r0, r1, n0, n1) -> {
            Scratch s = Scratch.forCurrentThread();
            float beta = initializeOutput(s, biasRow, residual, y, r0, r1, n0, n1);
            if (smallBatch != null) {
                w.multiplySmallBatch(s, smallBatch, n0, n1, beta, y);
            } else {
                addForward(s, x, w, beta, y, r0, r1, n0, n1);
            }
        });
    }

    private boolean rounds(LinearWeight w) {
        return rounding && w.roundsActivations();
    }

    /** Whether a few rows of x have a product of their own: that of a weight with rounded activations has no exact form. */
    private boolean hasSmallBatchProduct(LinearWeight w) {
        return rounding || !w.roundsActivations();
    }

    private void round(Matrix x, Matrix rounded) {
        pool.parallelFor(
                x.rows(),
                ROUNDED_ROWS,
                (from, to) -> RoundedActivations.round(x, from, to, rounded, backend.quantized()));
    }

    @Override
    public void forwardEach(INDArray x, INDArray[] ws, INDArray[] ys) {
        if (x.size(0) <= LinearWeight.SMALL_BATCH_ROWS
                && Matrix.allReadable(x)
                && Matrix.allReadable(ys)
                && LinearWeight.allReadable(ws)) {
            List<LinearWeight> weights = weights(ws);
            if (weights.stream().allMatch(this::hasSmallBatchProduct)) {
                forwardSmallBatch(of(x), weights, matrices(ys));
                return;
            }
        }
        LinearKernels.super.forwardEach(x, ws, ys);
    }

    /**
     * ys[i][R, Ni] = x[R, K] ws[i]^T for a small batch: the outputs of all weights are split as if they belonged to
     * one.
     */
    private void forwardSmallBatch(Matrix x, List<LinearWeight> ws, List<Matrix> ys) {
        Map<SmallBatch.Form, SmallBatch> batches = new EnumMap<>(SmallBatch.Form.class);
        List<SmallBatch> batchOf = new ArrayList<>();
        int[] starts = new int[ws.size() + 1];
        for (int i = 0; i < ws.size(); i++) {
            x.expect("x", x.rows(), ws.get(i).inputs());
            ys.get(i).expect("y " + i, x.rows(), ws.get(i).outputs());
            starts[i + 1] = starts[i] + ws.get(i).outputs();
            batchOf.add(batches.computeIfAbsent(
                    ws.get(i).smallBatchForm(), form -> SmallBatch.of(x, form, backend.quantized())));
        }
        ProductBlocks.run(pool, 1, starts[ws.size()], x.columns(), (r0, r1, from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = 0; i < ws.size(); i++) {
                int n0 = Math.max(from, starts[i]) - starts[i];
                int n1 = Math.min(to, starts[i + 1]) - starts[i];
                if (n0 < n1) {
                    ws.get(i).multiplySmallBatch(s, batchOf.get(i), n0, n1, 0, ys.get(i));
                }
            }
        });
    }

    /** Computes one block of the result, one tile of the weight at a time. */
    private static void addForward(
            Scratch s, Matrix x, LinearWeight w, float firstBeta, Matrix y, int r0, int r1, int n0, int n1) {
        for (int n = n0; n < n1; n += w.tileRows()) {
            int count = Math.min(w.tileRows(), n1 - n);
            float beta = firstBeta;
            for (int k = 0; k < w.inputs(); k += w.tileColumns()) {
                int width = Math.min(w.tileColumns(), w.inputs() - k);
                Blas.gemmTransposedB(
                        s,
                        r1 - r0,
                        count,
                        width,
                        1,
                        x.at(r0, k),
                        w.inputs(),
                        w.tile(n, count, k, width, s),
                        w.stride(width),
                        beta,
                        y.at(r0, n),
                        y.columns());
                beta = 1;
            }
        }
    }

    private List<LinearWeight> weights(INDArray... ws) {
        return Arrays.stream(ws).map(w -> LinearWeight.of(w, backend)).toList();
    }

    private static List<Matrix> matrices(INDArray... arrays) {
        return Arrays.stream(arrays).map(Matrix::of).toList();
    }

    /** Writes bias and residual into y before the product. Returns the beta with which the product adds to y. */
    private float initializeOutput(
            Scratch s, float @Nullable [] bias, @Nullable Matrix residual, Matrix y, int r0, int r1, int n0, int n1) {
        int width = n1 - n0;
        if (bias == null) {
            if (residual == null) {
                return 0;
            }
            copyBlock(s, residual, y, r0, r1, n0, width);
            return 1;
        }
        float[] biasPart = n0 == 0 ? bias : Arrays.copyOfRange(bias, n0, n1);
        float[] row = s.row(0, width);
        for (int r = r0; r < r1; r++) {
            if (residual == null) {
                s.write(biasPart, y.at(r, n0), width);
            } else {
                s.read(residual.at(r, n0), row, width);
                math.add(biasPart, row, width);
                s.write(row, y.at(r, n0), width);
            }
        }
        return 1;
    }

    private static void copyBlock(Scratch s, Matrix from, Matrix to, int r0, int r1, int n0, int width) {
        if (width == to.columns()) {
            s.copy(from.row(r0), to.row(r0), (long) (r1 - r0) * width);
            return;
        }
        for (int r = r0; r < r1; r++) {
            s.copy(from.at(r, n0), to.at(r, n0), width);
        }
    }

    @Override
    public void gradInput(INDArray[] dys, INDArray[] ws, INDArray dx) {
        if (Matrix.allReadable(dx) && Matrix.allReadable(dys) && LinearWeight.allReadable(ws)) {
            gradInput(matrices(dys), weights(ws), of(dx));
        } else {
            fallback.gradInput(dys, ws, dx);
        }
    }

    private void gradInput(List<Matrix> dys, List<LinearWeight> ws, Matrix dx) {
        int inputs = dx.columns();
        int depth = 0;
        for (int i = 0; i < dys.size(); i++) {
            dys.get(i).expect("dy " + i, dx.rows(), ws.get(i).outputs());
            if (ws.get(i).inputs() != inputs) {
                throw new IllegalArgumentException(
                        "weight " + i + " has " + ws.get(i).inputs() + " inputs but dx has " + inputs + " columns");
            }
            depth += ws.get(i).outputs();
        }
        ProductBlocks.run(pool, dx.rows(), inputs, depth, (r0, r1, k0, k1) -> {
            Scratch s = Scratch.forCurrentThread();
            float beta = 0;
            for (int i = 0; i < dys.size(); i++) {
                addGradInput(s, dys.get(i), ws.get(i), beta, dx, r0, r1, k0, k1);
                beta = 1;
            }
        });
    }

    /** Computes one block of dx = dy w + beta dx, one tile of the weight at a time. */
    private static void addGradInput(
            Scratch s, Matrix dy, LinearWeight w, float firstBeta, Matrix dx, int r0, int r1, int k0, int k1) {
        for (int k = k0; k < k1; k += w.tileColumns()) {
            int width = Math.min(w.tileColumns(), k1 - k);
            float beta = firstBeta;
            for (int n = 0; n < w.outputs(); n += w.tileRows()) {
                int count = Math.min(w.tileRows(), w.outputs() - n);
                Blas.gemm(
                        s,
                        r1 - r0,
                        width,
                        count,
                        dy.at(r0, n),
                        dy.columns(),
                        w.tile(n, count, k, width, s),
                        w.stride(width),
                        beta,
                        dx.at(r0, k),
                        dx.columns());
                beta = 1;
            }
        }
    }

    @Override
    public void gradWeight(INDArray dy, INDArray x, INDArray dw) {
        if (Matrix.allReadable(dy, x, dw)) {
            gradWeight(of(dy), of(x), of(dw));
        } else {
            fallback.gradWeight(dy, x, dw);
        }
    }

    private void gradWeight(Matrix dy, Matrix x, Matrix dw) {
        x.expect("x", dy.rows(), x.columns());
        dw.expect("dw", dy.columns(), x.columns());
        ProductBlocks.run(
                pool,
                dw.rows(),
                dw.columns(),
                dy.rows(),
                (n0, n1, k0, k1) -> Blas.gemmTransposedA(
                        Scratch.forCurrentThread(),
                        n1 - n0,
                        k1 - k0,
                        dy.rows(),
                        dy.at(0, n0),
                        dy.columns(),
                        x.at(0, k0),
                        x.columns(),
                        0,
                        dw.at(n0, k0),
                        dw.columns()));
    }

    @Override
    public void gradBias(INDArray dy, INDArray db) {
        if (Matrix.allReadable(dy, db)) {
            gradBias(of(dy), of(db));
        } else {
            fallback.gradBias(dy, db);
        }
    }

    private void gradBias(Matrix dy, Matrix db) {
        db.expect("db", 1, dy.columns());
        pool.parallelFor(dy.columns(), BIAS_COLUMNS, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            int width = to - from;
            float[] row = s.row(0, width);
            float[] block = s.row(1, width);
            float[] sum = s.row(2, width);
            Arrays.fill(sum, 0, width, 0f);
            // Blocks are summed first, then their sums: one long chain of float additions would lose precision.
            for (int r0 = 0; r0 < dy.rows(); r0 += BIAS_ROWS) {
                Arrays.fill(block, 0, width, 0f);
                for (int r = r0; r < Math.min(dy.rows(), r0 + BIAS_ROWS); r++) {
                    s.read(dy.at(r, from), row, width);
                    math.add(row, block, width);
                }
                math.add(block, sum, width);
            }
            s.write(sum, db.flat(from), width);
        });
    }
}
