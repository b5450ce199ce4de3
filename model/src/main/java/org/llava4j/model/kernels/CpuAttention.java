package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.AttentionTiles.HeadRows;
import org.llava4j.model.kernels.AttentionTiles.Tile;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Multi-head attention in {@link AttentionTiles}, blocks of query rows. With a causal mask, keys after the last row of a
 * block are skipped. The backward pass recomputes the probabilities of each block instead of storing them. Padding is skipped: a sequence
 * starts after it.
 */
final class CpuAttention implements AttentionKernels {
    /** Query rows of a block. */
    private static final int BLOCK = AttentionTiles.ROWS;

    private final RowMath math;
    private final AttentionTiles tiles;
    private final KernelThreadPool pool;
    private final AttentionKernels fallback;

    CpuAttention(MathBackend backend, KernelThreadPool pool, AttentionKernels fallback) {
        this.math = backend.rows();
        this.tiles = new AttentionTiles(math);
        this.pool = pool;
        this.fallback = fallback;
    }

    /**
     * One head of one sequence without its padding: rows [start, end) of the batch, and the first columns of the head.
     */
    private record Head(int start, int end, int column, int kvColumn) {
        int length() {
            return end - start;
        }
    }

    private static Head head(AttentionShape shape, SequenceRows sequences, int sequence, int head) {
        int kvHead = head / (shape.heads() / shape.kvHeads());
        return new Head(
                sequences.from()[sequence], sequences.to()[sequence], head * shape.headDim(), kvHead * shape.headDim());
    }

    @Override
    public void forward(QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        if (Matrix.allReadable(in.q(), in.k(), in.v(), y) && Matrix.isReadableInts(starts)) {
            forward(of(in.q()), of(in.k()), of(in.v()), SequenceRows.of(starts, shape), shape, of(y));
        } else {
            fallback.forward(in, starts, shape, y);
        }
    }

    private void forward(Matrix q, Matrix k, Matrix v, SequenceRows sequences, AttentionShape shape, Matrix y) {
        check(shape, q, k, v, y);
        zeroPadding(sequences, shape, y);
        int blocks = (sequences.longest() + BLOCK - 1) / BLOCK;
        int heads = sequences.count() * shape.heads();
        // Last blocks first: with a causal mask they take longest, which balances the threads.
        pool.parallelFor(blocks * heads, grain(shape, sequences, blocks * heads), (from, to) -> {
            for (int i = from; i < to; i++) {
                int block = blocks - 1 - i / heads;
                int rest = i % heads;
                Head head = head(shape, sequences, rest / shape.heads(), rest % shape.heads());
                forwardBlock(q, k, v, head, block * BLOCK, shape, y);
            }
        });
    }

    private void forwardBlock(Matrix q, Matrix k, Matrix v, Head head, int row, AttentionShape shape, Matrix y) {
        if (row < head.length()) {
            tiles.forward(
                    Scratch.forCurrentThread(),
                    tile(q, k, head, row, shape),
                    HeadRows.of(v, head.start(), head.kvColumn()),
                    HeadRows.of(y, head.start() + row, head.column()));
        }
    }

    private static Tile tile(Matrix q, Matrix k, Head head, int row, AttentionShape shape) {
        int rows = Math.min(AttentionTiles.ROWS, head.length() - row);
        int keys = shape.causal() ? row + rows : head.length();
        return new Tile(
                HeadRows.of(q, head.start() + row, head.column()),
                rows,
                HeadRows.of(k, head.start(), head.kvColumn()),
                keys,
                shape.causal() ? row + 1 : keys,
                shape.headDim());
    }

    /** Matrix views of queries, keys and values, or of their gradients. */
    private record Views(Matrix q, Matrix k, Matrix v) {
        static Views of(QueryKeyValue arrays) {
            return new Views(Matrix.of(arrays.q()), Matrix.of(arrays.k()), Matrix.of(arrays.v()));
        }
    }

    @Override
    public void gradient(
            INDArray dy, QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, QueryKeyValue gradients) {
        if (Matrix.allReadable(dy, in.q(), in.k(), in.v(), gradients.q(), gradients.k(), gradients.v())
                && Matrix.isReadableInts(starts)) {
            gradient(of(dy), Views.of(in), SequenceRows.of(starts, shape), shape, Views.of(gradients));
        } else {
            fallback.gradient(dy, in, starts, shape, gradients);
        }
    }

    private void gradient(Matrix dy, Views in, SequenceRows sequences, AttentionShape shape, Views gradients) {
        check(shape, in.q(), in.k(), in.v(), dy);
        check(shape, gradients.q(), gradients.k(), gradients.v(), dy);
        zeroPadding(sequences, shape, gradients.q());
        zeroPadding(sequences, shape, gradients.k());
        zeroPadding(sequences, shape, gradients.v());
        int group = shape.heads() / shape.kvHeads();
        // One task computes everything that is added to one key/value head, so that the order of the sums is fixed.
        pool.parallelFor(sequences.count() * shape.kvHeads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                for (int h = 0; h < group; h++) {
                    Head head = head(shape, sequences, i / shape.kvHeads(), i % shape.kvHeads() * group + h);
                    // The last block attends to every key: it overwrites dk and dv, the other blocks add to them.
                    int last = (head.length() - 1) / BLOCK * BLOCK;
                    for (int row = last; row >= 0 && row < head.length(); row -= BLOCK) {
                        float beta = h == 0 && row == last ? 0 : 1;
                        gradientBlock(dy, in, head, row, shape, beta, gradients);
                    }
                }
            }
        });
    }

    private void gradientBlock(
            Matrix dy, Views in, Head head, int row, AttentionShape shape, float beta, Views gradients) {
        Scratch s = Scratch.forCurrentThread();
        int d = shape.headDim();
        Tile tile = tile(in.q(), in.k(), head, row, shape);
        int rows = tile.rows();
        int keys = tile.keyCount();
        long p = tile.scores(s, 0);
        long dp = tile.scores(s, 1);
        int queryRow = head.start() + row;
        tiles.probabilities(s, tile, p);
        Blas.gemmTransposedA(
                s,
                keys,
                d,
                rows,
                p,
                keys,
                dy.at(queryRow, head.column()),
                dy.columns(),
                beta,
                gradients.v().at(head.start(), head.kvColumn()),
                gradients.v().columns());
        Blas.gemmTransposedB(
                s,
                rows,
                keys,
                d,
                1,
                dy.at(queryRow, head.column()),
                dy.columns(),
                in.v().at(head.start(), head.kvColumn()),
                in.v().columns(),
                0,
                dp,
                keys);
        float[] pRow = s.row(0, keys);
        float[] dpRow = s.row(1, keys);
        for (int i = 0; i < rows; i++) {
            long offset = (long) i * keys * Float.BYTES;
            s.read(p + offset, pRow, keys);
            s.read(dp + offset, dpRow, keys);
            math.softmaxGrad(pRow, dpRow, tile.scale(), keys);
            s.write(dpRow, dp + offset, keys);
        }
        Blas.gemm(
                s,
                rows,
                d,
                keys,
                dp,
                keys,
                in.k().at(head.start(), head.kvColumn()),
                in.k().columns(),
                0,
                gradients.q().at(queryRow, head.column()),
                gradients.q().columns());
        Blas.gemmTransposedA(
                s,
                keys,
                d,
                rows,
                dp,
                keys,
                in.q().at(queryRow, head.column()),
                in.q().columns(),
                beta,
                gradients.k().at(head.start(), head.kvColumn()),
                gradients.k().columns());
    }

    /** Sets the rows outside of all sequences to 0. */
    private static void zeroPadding(SequenceRows sequences, AttentionShape shape, Matrix y) {
        int end = 0;
        for (int sequence = 0; sequence < sequences.count(); sequence++) {
            zero(y, end, sequences.from()[sequence]);
            end = sequences.to()[sequence];
        }
        zero(y, end, shape.sequences() * shape.length());
    }

    private static void zero(Matrix y, int from, int to) {
        Scratch.forCurrentThread().zero(y.row(from), (long) (to - from) * y.columns());
    }

    /** Blocks per task: one, or more if blocks are so small that scheduling them costs more than computing them. */
    private static int grain(AttentionShape shape, SequenceRows sequences, int blocks) {
        long multiplications =
                Math.max(1, (long) Math.min(BLOCK, sequences.longest()) * sequences.longest() * shape.headDim());
        return (int) Math.max(1, Math.min((1 << 18) / multiplications, blocks));
    }

    private static void check(AttentionShape shape, Matrix q, Matrix k, Matrix v, Matrix y) {
        if (shape.heads() % shape.kvHeads() != 0) {
            throw new IllegalArgumentException("invalid attention shape: " + shape);
        }
        long rows = (long) shape.sequences() * shape.length();
        q.expect("q", rows, (long) shape.heads() * shape.headDim());
        k.expect("k", rows, (long) shape.kvHeads() * shape.headDim());
        v.expect("v", rows, (long) shape.kvHeads() * shape.headDim());
        y.expect("y", rows, (long) shape.heads() * shape.headDim());
    }
}
