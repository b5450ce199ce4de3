package org.llava4j.model.kernels;

import java.util.Arrays;
import org.llava4j.data.BadInputException;

/** What moves whole rows: embedding, splice and gather, with their gradients. */
final class CpuRows {
    /** Floats a piece moves. */
    private static final int FLOATS_PER_TASK = 1 << 16;
    /** Columns of a piece where rows are added up: one piece owns its columns, so sums have one order. */
    private static final int ADD_COLUMNS = 256;

    private final HalfMath halves;
    private final KernelThreadPool workers;

    CpuRows(MathBackend lanes, KernelThreadPool workers) {
        this.halves = lanes.halves();
        this.workers = workers;
    }

    /** y[i] = x[rows[i]]. */
    void gather(String what, Matrix x, int[] rows, Matrix y) {
        int width = x.columns();
        y.expect("y", rows.length, width);
        checkRows(what, rows, 0, x.rows());
        forRows(rows.length, width, (s, i) -> s.copy(x.row(rows[i]), y.row(i), width));
    }

    /** y[i] = x[rows[i]], from 16 bits to float32. */
    void gather(String what, HalfMatrix x, int[] rows, Matrix y) {
        int width = x.columns();
        y.expect("y", rows.length, width);
        checkRows(what, rows, 0, x.rows());
        forRows(rows.length, width, (s, i) -> {
            float[] wide = s.row(0, width);
            x.widen(s, halves, rows[i], 0, width, wide);
            s.write(wide, y.row(i), width);
        });
    }

    /** dx = 0, then dx[rows[i]] += dy[i]. */
    void gatherGrad(String what, Matrix dy, int[] rows, Matrix dx) {
        int width = dx.columns();
        dy.expect("dy", rows.length, width);
        checkRows(what, rows, 0, dx.rows());
        forRows(dx.rows(), width, (s, r) -> s.zero(dx.row(r), width));
        workers.parallelFor(width, ADD_COLUMNS, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = 0; i < rows.length; i++) {
                Blas.axpy(s, to - from, dy.at(i, from), dx.at(rows[i], from));
            }
        });
    }

    /** y = text with images[i] in row rows[i]; -1 goes nowhere. */
    void replaceRows(Matrix text, Matrix images, int[] rows, Matrix y) {
        int width = text.columns();
        images.expect("images", rows.length, width);
        y.expect("y", text.rows(), width);
        int[] source = sources(rows, text.rows());
        forRows(
                text.rows(),
                width,
                (s, r) -> s.copy(source[r] < 0 ? text.row(r) : images.row(source[r]), y.row(r), width));
    }

    /** dText = dy, 0 in the rows that images took. */
    void replaceRowsGradBase(Matrix dy, int[] rows, Matrix dText) {
        int width = dy.columns();
        dText.expect("dText", dy.rows(), width);
        int[] source = sources(rows, dy.rows());
        forRows(dy.rows(), width, (s, r) -> {
            if (source[r] < 0) {
                s.copy(dy.row(r), dText.row(r), width);
            } else {
                s.zero(dText.row(r), width);
            }
        });
    }

    /** dImages[i] = dy[rows[i]], 0 for -1. */
    void replaceRowsGradReplacement(Matrix dy, int[] rows, Matrix dImages) {
        int width = dy.columns();
        dImages.expect("dImages", rows.length, width);
        checkRows("image row", rows, -1, dy.rows());
        forRows(rows.length, width, (s, i) -> {
            if (rows[i] < 0) {
                s.zero(dImages.row(i), width);
            } else {
                s.copy(dy.row(rows[i]), dImages.row(i), width);
            }
        });
    }

    /** For each of {@code count} rows the last i whose rows[i] it is, or -1. */
    private static int[] sources(int[] rows, int count) {
        checkRows("image row", rows, -1, count);
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
        workers.parallelFor(rows, Math.max(1, FLOATS_PER_TASK / width), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int r = from; r < to; r++) {
                job.run(s, r);
            }
        });
    }
}
