package org.llava4j.model.kernels;

import java.util.List;
import org.llava4j.model.kernels.Kernels.AttentionShape;
import org.llava4j.model.kernels.Kernels.KeyValueCache;

/** Attention of one new position to what is kept of its sequence: for each head two products with a vector. */
final class CpuAttentionStep {
    /** Multiplications that a piece should have: below, handing it out costs more. */
    private static final long PIECE = 1 << 16;

    private final RowMath math;
    private final Workers workers;

    CpuAttentionStep(Lanes lanes, Workers workers) {
        this.math = lanes.rows();
        this.workers = workers;
    }

    /** Keys and values of a sequence, {@code length} positions of them its own. */
    private record Sequence(Matrix keys, Matrix values, int length) {}

    void step(Matrix q, Matrix k, Matrix v, List<KeyValueCache> caches, AttentionShape shape, Matrix y) {
        int kvWidth = shape.kvHeads() * shape.headDim();
        int width = shape.heads() * shape.headDim();
        q.expect("q", caches.size(), width);
        k.expect("k", caches.size(), kvWidth);
        v.expect("v", caches.size(), kvWidth);
        y.expect("y", caches.size(), width);
        Scratch scratch = Scratch.ofThisThread();
        Sequence[] sequences = new Sequence[caches.size()];
        long seen = 0;
        for (int r = 0; r < sequences.length; r++) {
            sequences[r] = longer(scratch, k.row(r), v.row(r), caches.get(r), kvWidth);
            seen += sequences[r].length();
        }
        long perHead = seen / sequences.length * shape.headDim() * 2;
        workers.ranges(sequences.length * shape.heads(), (int) Math.max(1, PIECE / perHead), (from, to) -> {
            Scratch s = Scratch.ofThisThread();
            for (int i = from; i < to; i++) {
                int row = i / shape.heads();
                int head = i % shape.heads();
                int kvColumn = head / (shape.heads() / shape.kvHeads()) * shape.headDim();
                int column = head * shape.headDim();
                head(s, q.at(row, column), sequences[row], kvColumn, shape.headDim(), y.at(row, column));
            }
        });
    }

    private static Sequence longer(Scratch s, long key, long value, KeyValueCache cache, int width) {
        Matrix keys = Matrix.of(cache.keys());
        Matrix values = Matrix.of(cache.values());
        if (cache.length() < 0 || cache.length() >= keys.rows()) {
            throw new IllegalArgumentException(
                    "a cache of " + keys.rows() + " positions has no room behind " + cache.length());
        }
        keys.expect("keys", keys.rows(), width);
        values.expect("values", keys.rows(), width);
        s.copy(key, keys.row(cache.length()), width);
        s.copy(value, values.row(cache.length()), width);
        return new Sequence(keys, values, cache.length() + 1);
    }

    private void head(Scratch s, long q, Sequence sequence, int column, int d, long y) {
        int length = sequence.length();
        float scale = (float) (1 / Math.sqrt(d));
        long scores = s.block(0, length);
        int stride = sequence.keys().columns();
        Blas.timesVector(s, length, d, scale, sequence.keys().at(0, column), stride, q, scores);
        float[] p = s.row(0, length);
        s.read(scores, p, length);
        math.softmax(p, length, length);
        s.write(p, scores, length);
        Blas.vectorTimes(s, length, d, scores, sequence.values().at(0, column), stride, y);
    }
}
