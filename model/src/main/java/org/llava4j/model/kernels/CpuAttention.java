package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.HeadAttention.Head;
import org.llava4j.model.kernels.HeadAttention.HeadGradients;
import org.llava4j.model.kernels.HeadAttention.HeadRows;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Multi-head attention of whole sequences, one {@link HeadAttention} per task. With a causal mask, keys after a block of
 * queries are skipped. Padding is skipped: a sequence starts after it.
 */
final class CpuAttention implements AttentionKernels {
    private final HeadAttention attention;
    private final KernelThreadPool pool;
    private final AttentionKernels fallback;

    CpuAttention(MathBackend backend, KernelThreadPool pool, AttentionKernels fallback) {
        this.attention = backend.attention();
        this.pool = pool;
        this.fallback = fallback;
    }

    /** Queries, keys and values, or their gradients, with the place of each head in them. */
    private record Views(Matrix q, Matrix k, Matrix v, SequenceRows sequences, AttentionShape shape) {
        static Views of(QueryKeyValue arrays, SequenceRows sequences, AttentionShape shape) {
            return new Views(Matrix.of(arrays.q()), Matrix.of(arrays.k()), Matrix.of(arrays.v()), sequences, shape);
        }

        /** Rows of a matrix [B*T, H*d], from a row of a sequence on. */
        HeadRows queryRows(Matrix matrix, int sequence, int head, int row) {
            return HeadRows.of(matrix, sequences.from()[sequence] + row, head * shape.headDim());
        }

        /** Rows of a matrix [B*T, G*d], from the first of a sequence on. */
        HeadRows keyRows(Matrix matrix, int sequence, int head) {
            int kvHead = head / (shape.heads() / shape.kvHeads());
            return HeadRows.of(matrix, sequences.from()[sequence], kvHead * shape.headDim());
        }

        Head head(int sequence, int head, int row, int rows) {
            int length = sequences.length(sequence);
            int keys = shape.causal() ? row + rows : length;
            return new Head(
                    queryRows(q, sequence, head, row),
                    rows,
                    keyRows(k, sequence, head),
                    keyRows(v, sequence, head),
                    keys,
                    shape.causal() ? row + 1 : keys,
                    shape.headDim());
        }

        HeadGradients gradients(int sequence, int head) {
            return new HeadGradients(
                    queryRows(q, sequence, head, 0), keyRows(k, sequence, head), keyRows(v, sequence, head));
        }

        void check(Matrix y) {
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

    @Override
    public void forward(QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        if (Matrix.allReadable(in.q(), in.k(), in.v(), y) && Matrix.isReadableInts(starts)) {
            forward(Views.of(in, SequenceRows.of(starts, shape), shape), of(y));
        } else {
            fallback.forward(in, starts, shape, y);
        }
    }

    private void forward(Views in, Matrix y) {
        in.check(y);
        AttentionShape shape = in.shape();
        SequenceRows sequences = in.sequences();
        zeroPadding(sequences, shape, y);
        int heads = sequences.count() * shape.heads();
        QueryTasks tasks = QueryTasks.of(sequences.longest(), heads, pool);
        int grain = tasks.grain((long) sequences.longest() * shape.headDim());
        pool.parallelFor(tasks.count(), grain, (from, to) -> {
            for (int i = from; i < to; i++) {
                int head = tasks.head(i);
                int row = tasks.row(i);
                int sequence = head / shape.heads();
                int rows = Math.min(tasks.rows(), sequences.length(sequence) - row);
                if (rows > 0) {
                    attention.forward(
                            in.head(sequence, head % shape.heads(), row, rows),
                            in.queryRows(y, sequence, head % shape.heads(), row));
                }
            }
        });
    }

    @Override
    public void gradient(
            INDArray dy, QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, QueryKeyValue gradients) {
        if (Matrix.allReadable(dy, in.q(), in.k(), in.v(), gradients.q(), gradients.k(), gradients.v())
                && Matrix.isReadableInts(starts)) {
            SequenceRows sequences = SequenceRows.of(starts, shape);
            gradient(of(dy), Views.of(in, sequences, shape), Views.of(gradients, sequences, shape));
        } else {
            fallback.gradient(dy, in, starts, shape, gradients);
        }
    }

    private void gradient(Matrix dy, Views in, Views gradients) {
        in.check(dy);
        gradients.check(dy);
        AttentionShape shape = in.shape();
        SequenceRows sequences = in.sequences();
        zeroPadding(sequences, shape, gradients.q());
        zeroPadding(sequences, shape, gradients.k());
        zeroPadding(sequences, shape, gradients.v());
        int group = shape.heads() / shape.kvHeads();
        // One task computes everything that is added to one key/value head, so that the order of the sums is fixed.
        pool.parallelFor(sequences.count() * shape.kvHeads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                int sequence = i / shape.kvHeads();
                int length = sequences.length(sequence);
                for (int h = 0; h < group && length > 0; h++) {
                    int head = i % shape.kvHeads() * group + h;
                    attention.gradient(
                            in.head(sequence, head, 0, length),
                            in.queryRows(dy, sequence, head, 0),
                            gradients.gradients(sequence, head),
                            h > 0);
                }
            }
        });
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
}
