package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.kernels.AttentionShape;
import org.llava4j.model.kernels.DecodeAttentionKernels.LayerKvCache;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.ops.Attention;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * KV cache of one sequence: keys and values of every layer, each {@code float32[G, capacity, d]}, allocated once at
 * full capacity from the memory pool.
 */
final class KvCache implements AutoCloseable {
    /**
     * Capacities are rounded up to a multiple of this, so that finished sequences leave arrays in the pool that new
     * ones can reuse.
     */
    private static final int CAPACITY_MULTIPLE = 64;

    /** Part of its memory that a compact cache uses. */
    private static final double COMPACT = 0.75;

    private final ArrayScope arrays = new ArrayScope();
    private final List<INDArray> keys = new ArrayList<>();
    private final List<INDArray> values = new ArrayList<>();
    private final long capacity;
    private int length;

    /**
     * @param layers the decoder's attention operations
     * @param maxTokens maximum number of tokens that the sequence can reach
     */
    KvCache(List<Attention> layers, int maxTokens) {
        capacity = roundedUp(maxTokens);
        for (Attention layer : layers) {
            AttentionShape shape = layer.causalShape(1, 1);
            keys.add(arrays.borrow(DataType.FLOAT, shape.kvHeads(), capacity, shape.headDim()));
            values.add(arrays.borrow(DataType.FLOAT, shape.kvHeads(), capacity, shape.headDim()));
        }
    }

    /** Fills all keys and values with zeros and sets the length, to measure decode steps without a prompt. */
    void fillZeros(int count) {
        keys.forEach(array -> array.assign(0));
        values.forEach(array -> array.assign(0));
        length = count;
    }

    LayerKvCache layer(int layer) {
        return new LayerKvCache(keys.get(layer), values.get(layer), length);
    }

    /** Number of cached tokens, which is also the position of the next one. */
    int length() {
        return length;
    }

    /** Advances the length after keys and values were appended in every layer. */
    void advance(int count) {
        length += count;
    }

    /** Copies the first {@code count} tokens of another sequence's cache, which become the whole of this one. */
    void copyPrefix(KvCache from, int count) {
        for (int layer = 0; layer < keys.size(); layer++) {
            copyPositions(from.keys.get(layer), keys.get(layer), count);
            copyPositions(from.values.get(layer), values.get(layer), count);
        }
        length = count;
    }

    private static void copyPositions(INDArray from, INDArray to, int count) {
        long width = from.size(2);
        for (long head = 0; head < from.size(0); head++) {
            NativeArray.copy(from, head * from.size(1) * width, to, head * to.size(1) * width, count * width);
        }
    }

    /** Whether most of the memory holds cached tokens, so that a copy without the rest would save little. */
    boolean isCompact() {
        return COMPACT * bytes() <= bytes(length);
    }

    /** Memory of all keys and values at full capacity, in bytes. */
    long bytes() {
        return bytes(Math.toIntExact(capacity));
    }

    /** Memory that a cache of this model with a capacity of {@code tokens} takes, in bytes. */
    long bytes(int tokens) {
        return 2
                * keys.stream().mapToLong(array -> array.length() * Float.BYTES).sum()
                / capacity
                * roundedUp(tokens);
    }

    private static long roundedUp(int tokens) {
        return (tokens + CAPACITY_MULTIPLE - 1L) / CAPACITY_MULTIPLE * CAPACITY_MULTIPLE;
    }

    /** Truncates the sequence to a shorter length. */
    void truncate(int count) {
        length = count;
    }

    @Override
    public void close() {
        arrays.close();
    }
}
