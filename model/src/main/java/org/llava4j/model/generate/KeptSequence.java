package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.Kernels.KeyValueCache;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Keys and values of one sequence in every layer, in memory that is there from the start. */
final class KeptSequence {
    /** Capacities are rounded up to this, so that sequences that come and go use each other's memory. */
    private static final int MULTIPLE = 64;

    private final List<INDArray> keys = new ArrayList<>();
    private final List<INDArray> values = new ArrayList<>();
    private int length;

    /** @param positions how many there will be at most */
    KeptSequence(LlamaConfig config, int positions, PooledMemory memory) {
        long capacity = (positions + MULTIPLE - 1L) / MULTIPLE * MULTIPLE;
        long width = (long) config.kvHeads() * config.headDim();
        for (int layer = 0; layer < config.layers(); layer++) {
            keys.add(memory.borrow(DataType.FLOAT, capacity, width));
            values.add(memory.borrow(DataType.FLOAT, capacity, width));
        }
    }

    /** Takes over a layer's keys and values of a prompt: rows [from, from + count) of {@code float32[B*T, G*d]}. */
    void begin(int layer, INDArray k, INDArray v, long from, int count) {
        copy(k, from, count, keys.get(layer));
        copy(v, from, count, values.get(layer));
        length = count;
    }

    private static void copy(INDArray rows, long from, int count, INDArray to) {
        to.get(NDArrayIndex.interval(0, count), NDArrayIndex.all())
                .assign(rows.get(NDArrayIndex.interval(from, from + count), NDArrayIndex.all()));
    }

    /** Begins with positions of zeros, to measure what follows them. */
    void beginBlank(int count) {
        keys.forEach(array -> array.assign(0));
        values.forEach(array -> array.assign(0));
        length = count;
    }

    KeyValueCache layer(int layer) {
        return new KeyValueCache(keys.get(layer), values.get(layer), length);
    }

    /** How many positions are there, which is where the next one goes. */
    int length() {
        return length;
    }

    /** Every layer has one position more. */
    void grow() {
        length++;
    }

    /** Forgets what came behind so many positions. */
    void rewind(int count) {
        length = count;
    }

    void release(PooledMemory memory) {
        keys.forEach(memory::release);
        values.forEach(memory::release);
    }
}
