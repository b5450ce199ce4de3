package org.llava4j.model.kernels;

import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;

/**
 * {@link HeadAttention} by OpenBLAS: products of blocks of query rows, whose scores live in the thread's scratch memory. For
 * CPUs and JVMs where {@link TiledHeadAttention} is not faster.
 */
final class BlasHeadAttention implements HeadAttention {
    /** Query rows of a block: small enough to skip most masked keys, large enough for fast GEMM. */
    private static final int ROWS = 96;

    private final RowMath math;

    BlasHeadAttention(RowMath math) {
        this.math = math;
    }

    @Override
    public void forward(Head head, HeadRows y) {
        Scratch s = Scratch.forCurrentThread();
        for (int row = 0; row < head.queryCount(); row += ROWS) {
            int rows = Math.min(ROWS, head.queryCount() - row);
            int keys = head.keysOf(row, rows);
            long scores = s.block(0, (long) ROWS * keys);
            probabilities(s, head, row, rows, scores);
            HeadRows values = head.values();
            Blas.gemm(
                    s,
                    rows,
                    head.width(),
                    keys,
                    scores,
                    keys,
                    values.address(),
                    values.stride(),
                    0,
                    y.at(row),
                    y.stride());
        }
    }

    /** scores[rows, keys] = softmax(q k^T / sqrt(d)); 0 for keys that a row does not attend to. */
    private void probabilities(Scratch s, Head head, int row, int rows, long scores) {
        int keys = head.keysOf(row, rows);
        Blas.gemmTransposedB(
                s,
                rows,
                keys,
                head.width(),
                head.scale(),
                head.queries().at(row),
                head.queries().stride(),
                head.keys().address(),
                head.keys().stride(),
                0,
                scores,
                keys);
        float[] p = s.row(0, keys);
        for (int i = 0; i < rows; i++) {
            long address = scores + (long) i * keys * Float.BYTES;
            s.read(address, p, keys);
            math.softmax(p, head.keysOf(row + i, 1), keys);
            s.write(p, address, keys);
        }
    }

    @Override
    public void gradient(Head head, HeadRows dy, HeadGradients gradients, boolean add) {
        // The last block attends to every key: it overwrites the gradients of keys and values, the others add to them.
        int last = (head.queryCount() - 1) / ROWS * ROWS;
        for (int row = last; row >= 0; row -= ROWS) {
            gradientBlock(head, row, dy, gradients, add || row < last ? 1 : 0);
        }
    }

    private void gradientBlock(Head head, int row, HeadRows dy, HeadGradients gradients, float beta) {
        Scratch s = Scratch.forCurrentThread();
        int d = head.width();
        int rows = Math.min(ROWS, head.queryCount() - row);
        int keys = head.keysOf(row, rows);
        long p = s.block(0, (long) ROWS * keys);
        long dp = s.block(1, (long) ROWS * keys);
        HeadRows dv = gradients.values();
        HeadRows dk = gradients.keys();
        probabilities(s, head, row, rows, p);
        Blas.gemmTransposedA(s, keys, d, rows, p, keys, dy.at(row), dy.stride(), beta, dv.address(), dv.stride());
        Blas.gemmTransposedB(
                s,
                rows,
                keys,
                d,
                1,
                dy.at(row),
                dy.stride(),
                head.values().address(),
                head.values().stride(),
                0,
                dp,
                keys);
        float[] pRow = s.row(0, keys);
        float[] dpRow = s.row(1, keys);
        for (int i = 0; i < rows; i++) {
            long offset = (long) i * keys * Float.BYTES;
            s.read(p + offset, pRow, keys);
            s.read(dp + offset, dpRow, keys);
            math.softmaxGrad(pRow, dpRow, head.scale(), keys);
            s.write(dpRow, dp + offset, keys);
        }
        Blas.gemm(
                s,
                rows,
                d,
                keys,
                dp,
                keys,
                head.keys().address(),
                head.keys().stride(),
                0,
                gradients.queries().at(row),
                gradients.queries().stride());
        Blas.gemmTransposedA(
                s,
                keys,
                d,
                rows,
                dp,
                keys,
                head.queries().at(row),
                head.queries().stride(),
                beta,
                dk.address(),
                dk.stride());
    }
}
