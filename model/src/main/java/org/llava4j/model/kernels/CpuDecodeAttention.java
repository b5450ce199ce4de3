package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import java.util.List;
import org.llava4j.model.kernels.DecodeAttentionKernels.LayerKvCache;
import org.llava4j.model.kernels.HeadAttention.Head;
import org.llava4j.model.kernels.HeadAttention.HeadRows;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Attention that reads a KV cache. In a decode step, the query of one new token per sequence against that sequence's
 * cache, in two matrix-vector products per head; in prefill, the queries of several tokens of one sequence, in {@link
 * HeadAttention}.
 */
final class CpuDecodeAttention implements DecodeAttentionKernels {
    /** Multiplications that a task should have at least; below that, scheduling it costs more. */
    private static final long MIN_WORK = 1 << 16;

    private final RowMath math;
    private final HeadAttention attention;
    private final KernelThreadPool pool;
    private final DecodeAttentionKernels fallback;

    CpuDecodeAttention(MathBackend backend, KernelThreadPool pool, DecodeAttentionKernels fallback) {
        this.math = backend.rows();
        this.attention = backend.attention();
        this.pool = pool;
        this.fallback = fallback;
    }

    /** The cached keys or values of one sequence, {@code float32[G, capacity, d]}. */
    private record Heads(INDArray array, long address, int count, int capacity, int width) {
        static Heads of(INDArray array) {
            if (array.rank() != 3) {
                throw new IllegalArgumentException("a KV cache must be [G, capacity, d] but has rank " + array.rank());
            }
            return new Heads(
                    array, NativeArray.addressOf(array), (int) array.size(0), (int) array.size(1), (int) array.size(2));
        }

        HeadRows rows(int head) {
            return new HeadRows(at(head, 0), width);
        }

        long at(int head, int position) {
            return address + ((long) head * capacity + position) * width * Float.BYTES;
        }

        void put(Scratch s, Matrix rows, int from, int rowCount, int position) {
            for (int head = 0; head < count; head++) {
                for (int r = 0; r < rowCount; r++) {
                    s.copy(rows.at(from + r, head * width), at(head, position + r), width);
                }
            }
        }
    }

    /** The KV cache of one sequence with {@code length} positions. */
    private record Sequence(Heads keys, Heads values, int length) {}

    @Override
    public void append(INDArray k, INDArray v, int from, int count, LayerKvCache cache) {
        if (Matrix.allReadable(k, v, cache.keys(), cache.values())) {
            appendToCache(of(k), of(v), from, count, cache);
        } else {
            fallback.append(k, v, from, count, cache);
        }
    }

    private void appendToCache(Matrix k, Matrix v, int from, int count, LayerKvCache cache) {
        append(k, v, from, count, cache);
    }

    private static Sequence append(Matrix k, Matrix v, int from, int count, LayerKvCache cache) {
        Heads keys = Heads.of(cache.keys());
        Heads values = Heads.of(cache.values());
        int length = cache.length() + count;
        if (cache.length() < 0 || length > Math.min(keys.capacity(), values.capacity())) {
            throw new IllegalArgumentException("a KV cache of " + keys.capacity() + " positions has no room for "
                    + count + " after position " + cache.length());
        }
        k.expect("k", v.rows(), (long) keys.count() * keys.width());
        v.expect("v", k.rows(), (long) values.count() * values.width());
        if (from < 0 || from + count > k.rows()) {
            throw new IllegalArgumentException(
                    "rows [" + from + ", " + (from + count) + ") are outside the " + k.rows() + " rows of k");
        }
        Scratch s = Scratch.forCurrentThread();
        keys.put(s, k, from, count, cache.length());
        values.put(s, v, from, count, cache.length());
        return new Sequence(keys, values, length);
    }

    @Override
    public void decode(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y) {
        if (Matrix.allReadable(q, k, v, y) && caches.stream().allMatch(c -> Matrix.allReadable(c.keys(), c.values()))) {
            decode(of(q), of(k), of(v), caches, shape, of(y));
        } else {
            fallback.decode(q, k, v, caches, shape, y);
        }
    }

    private void decode(Matrix q, Matrix k, Matrix v, List<LayerKvCache> caches, AttentionShape shape, Matrix y) {
        int d = shape.headDim();
        int width = shape.heads() * d;
        q.expect("q", caches.size(), width);
        k.expect("k", caches.size(), (long) shape.kvHeads() * d);
        y.expect("y", caches.size(), width);
        Sequence[] sequences = new Sequence[caches.size()];
        long cached = 0;
        for (int r = 0; r < sequences.length; r++) {
            sequences[r] = append(k, v, r, 1, caches.get(r));
            cached += sequences[r].length();
        }
        long perHead = cached / sequences.length * d * 2;
        pool.parallelFor(sequences.length * shape.heads(), (int) Math.max(1, MIN_WORK / perHead), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = from; i < to; i++) {
                int row = i / shape.heads();
                int head = i % shape.heads();
                int kvHead = head / (shape.heads() / shape.kvHeads());
                head(s, q.at(row, head * d), sequences[row], kvHead, y.at(row, head * d));
            }
        });
    }

    @Override
    public void prefill(INDArray q, INDArray k, INDArray v, LayerKvCache cache, AttentionShape shape, INDArray y) {
        if (Matrix.allReadable(q, k, v, y, cache.keys(), cache.values())) {
            prefill(of(q), of(k), of(v), cache, shape, of(y));
        } else {
            fallback.prefill(q, k, v, cache, shape, y);
        }
    }

    private void prefill(Matrix q, Matrix k, Matrix v, LayerKvCache cache, AttentionShape shape, Matrix y) {
        int length = shape.length();
        int d = shape.headDim();
        int width = shape.heads() * d;
        q.expect("q", length, width);
        k.expect("k", length, (long) shape.kvHeads() * d);
        y.expect("y", length, width);
        Sequence sequence = append(k, v, 0, length, cache);
        QueryTasks tasks = QueryTasks.of(length, shape.heads(), pool);
        int grain = tasks.grain((long) sequence.length() * d);
        pool.parallelFor(tasks.count(), grain, (from, to) -> {
            for (int i = from; i < to; i++) {
                int row = tasks.row(i);
                int head = tasks.head(i);
                int kvHead = head / (shape.heads() / shape.kvHeads());
                int rows = Math.min(tasks.rows(), length - row);
                int visible = cache.length() + row + 1;
                attention.forward(
                        new Head(
                                HeadRows.of(q, row, head * d),
                                rows,
                                sequence.keys().rows(kvHead),
                                sequence.values().rows(kvHead),
                                visible + rows - 1,
                                visible,
                                d),
                        HeadRows.of(y, row, head * d));
            }
        });
    }

    private void head(Scratch s, long q, Sequence sequence, int kvHead, long y) {
        int length = sequence.length();
        int d = sequence.keys().width();
        float scale = (float) (1 / Math.sqrt(d));
        long scores = s.block(0, length);
        Blas.gemv(s, length, d, scale, sequence.keys().at(kvHead, 0), q, scores);
        float[] p = s.row(0, length);
        s.read(scores, p, length);
        math.softmax(p, length, length);
        s.write(p, scores, length);
        Blas.gemvTransposed(s, length, d, scores, sequence.values().at(kvHead, 0), y);
    }
}
