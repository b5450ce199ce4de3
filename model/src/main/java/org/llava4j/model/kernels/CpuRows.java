package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Row kernels: embedding lookup, row replacement and gather, with their gradients. */
final class CpuRows implements RowKernels {
    /** Floats that a task moves. */
    private static final int FLOATS_PER_TASK = 1 << 16;
    /** Columns per task of a scatter-add: one task owns its columns, so the order of the sums is fixed. */
    private static final int ADD_COLUMNS = 256;

    private final MathBackend math;
    private final KernelThreadPool pool;
    private final RowKernels fallback;

    CpuRows(MathBackend backend, KernelThreadPool pool, RowKernels fallback) {
        this.math = backend;
        this.pool = pool;
        this.fallback = fallback;
    }

    @Override
    public void embedding(INDArray ids, INDArray table, INDArray y) {
        if (Matrix.allReadable(table, y) && Matrix.isReadableInts(ids)) {
            gather("token id", of(table), Matrix.ints(ids), of(y));
        } else if (LowPrecisionLinearWeight.isReadable(table) && Matrix.allReadable(y) && Matrix.isReadableInts(ids)) {
            gather("token id", LowPrecisionLinearWeight.of(table, math), Matrix.ints(ids), of(y));
        } else {
            fallback.embedding(ids, table, y);
        }
    }

    @Override
    public void gatherRows(INDArray x, INDArray rows, INDArray y) {
        if (Matrix.allReadable(x, y) && Matrix.isReadableInts(rows)) {
            gather("row", of(x), Matrix.ints(rows), of(y));
        } else {
            fallback.gatherRows(x, rows, y);
        }
    }

    /** y[i] = x[rows[i]]. */
    private void gather(String what, Matrix x, int[] rows, Matrix y) {
        int width = x.columns();
        y.expect("y", rows.length, width);
        checkRows(what, rows, 0, x.rows());
        forRows(rows.length, width, (s, i) -> s.copy(x.row(rows[i]), y.row(i), width));
    }

    /** y[i] = x[rows[i]], converted to float32. */
    private void gather(String what, LowPrecisionLinearWeight x, int[] rows, Matrix y) {
        int width = x.inputs();
        y.expect("y", rows.length, width);
        checkRows(what, rows, 0, x.outputs());
        forRows(rows.length, width, (s, i) -> {
            float[] converted = s.row(0, width);
            x.toFloat32(s, rows[i], 0, width, converted);
            s.write(converted, y.row(i), width);
        });
    }

    @Override
    public void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable) {
        if (Matrix.allReadable(dy, dTable) && Matrix.isReadableInts(ids)) {
            gatherGrad("token id", of(dy), Matrix.ints(ids), of(dTable));
        } else {
            fallback.embeddingGrad(dy, ids, dTable);
        }
    }

    @Override
    public void gatherRowsGrad(INDArray dy, INDArray rows, INDArray dx) {
        if (Matrix.allReadable(dy, dx) && Matrix.isReadableInts(rows)) {
            gatherGrad("row", of(dy), Matrix.ints(rows), of(dx));
        } else {
            fallback.gatherRowsGrad(dy, rows, dx);
        }
    }

    /** dx = 0, then dx[rows[i]] += dy[i]. */
    private void gatherGrad(String what, Matrix dy, int[] rows, Matrix dx) {
        int width = dx.columns();
        dy.expect("dy", rows.length, width);
        checkRows(what, rows, 0, dx.rows());
        forRows(dx.rows(), width, (s, r) -> s.zero(dx.row(r), width));
        pool.parallelFor(width, ADD_COLUMNS, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = 0; i < rows.length; i++) {
                Blas.axpy(s, to - from, dy.at(i, from), dx.at(rows[i], from));
            }
        });
    }

    @Override
    public void replaceRows(INDArray base, INDArray replacement, INDArray rows, INDArray y) {
        if (Matrix.allReadable(base, replacement, y) && Matrix.isReadableInts(rows)) {
            replaceRows(of(base), of(replacement), Matrix.ints(rows), of(y));
        } else {
            fallback.replaceRows(base, replacement, rows, y);
        }
    }

    private void replaceRows(Matrix base, Matrix replacement, int[] rows, Matrix y) {
        int width = base.columns();
        replacement.expect("replacement", rows.length, width);
        y.expect("y", base.rows(), width);
        int[] source = sources(rows, base.rows());
        forRows(
                base.rows(),
                width,
                (s, r) -> s.copy(source[r] < 0 ? base.row(r) : replacement.row(source[r]), y.row(r), width));
    }

    @Override
    public void replaceRowsGradBase(INDArray dy, INDArray rows, INDArray dBase) {
        if (Matrix.allReadable(dy, dBase) && Matrix.isReadableInts(rows)) {
            replaceRowsGradBase(of(dy), Matrix.ints(rows), of(dBase));
        } else {
            fallback.replaceRowsGradBase(dy, rows, dBase);
        }
    }

    private void replaceRowsGradBase(Matrix dy, int[] rows, Matrix dBase) {
        int width = dy.columns();
        dBase.expect("dBase", dy.rows(), width);
        int[] source = sources(rows, dy.rows());
        forRows(dy.rows(), width, (s, r) -> {
            if (source[r] < 0) {
                s.copy(dy.row(r), dBase.row(r), width);
            } else {
                s.zero(dBase.row(r), width);
            }
        });
    }

    @Override
    public void replaceRowsGradReplacement(INDArray dy, INDArray rows, INDArray dReplacement) {
        if (Matrix.allReadable(dy, dReplacement) && Matrix.isReadableInts(rows)) {
            replaceRowsGradReplacement(of(dy), Matrix.ints(rows), of(dReplacement));
        } else {
            fallback.replaceRowsGradReplacement(dy, rows, dReplacement);
        }
    }

    private void replaceRowsGradReplacement(Matrix dy, int[] rows, Matrix dReplacement) {
        int width = dy.columns();
        dReplacement.expect("dReplacement", rows.length, width);
        checkRows("replaced row", rows, -1, dy.rows());
        forRows(rows.length, width, (s, i) -> {
            if (rows[i] < 0) {
                s.zero(dReplacement.row(i), width);
            } else {
                s.copy(dy.row(rows[i]), dReplacement.row(i), width);
            }
        });
    }

    /** For each of {@code count} rows, the last i with rows[i] equal to that row, or -1. */
    private static int[] sources(int[] rows, int count) {
        checkRows("replaced row", rows, -1, count);
        int[] source = new int[count];
        Arrays.fill(source, -1);
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] >= 0) {
                source[rows[i]] = i;
            }
        }
        return source;
    }

    private static void checkRows(String what, int[] rows, int lowest, int end) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < lowest || rows[i] >= end) {
                throw new BadInputException(what + " " + rows[i] + " at position " + i + " is outside " + lowest + ".."
                        + (end - 1) + "; check that tokenizer, data and model belong together");
            }
        }
    }

    interface RowJob {
        void run(Scratch scratch, int row);
    }

    private void forRows(int rows, int width, RowJob job) {
        pool.parallelFor(rows, Math.max(1, FLOATS_PER_TASK / width), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int r = from; r < to; r++) {
                job.run(s, r);
            }
        });
    }
}
