package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.Kernels.LayerKvCache;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Keys and values of one sequence in every layer, in memory that is there from the start. */
final class KvCache {
    /** Capacities are rounded up to this, so that sequences that come and go use each other's memory. */
    private static final int CAPACITY_MULTIPLE = 64;

    private final List<INDArray> keys = new ArrayList<>();
    private final List<INDArray> values = new ArrayList<>();
    private int length;

    /** @param positions how many there will be at most */
    KvCache(LlamaConfig config, int positions, PooledMemory memory) {
        long capacity = (positions + CAPACITY_MULTIPLE - 1L) / CAPACITY_MULTIPLE * CAPACITY_MULTIPLE;
        for (int layer = 0; layer < config.layers(); layer++) {
            keys.add(memory.borrow(DataType.FLOAT, config.kvHeads(), capacity, config.headDim()));
            values.add(memory.borrow(DataType.FLOAT, config.kvHeads(), capacity, config.headDim()));
        }
    }

    /** Begins with positions of zeros, to measure what follows them. */
    void fillZeros(int count) {
        keys.forEach(array -> array.assign(0));
        values.forEach(array -> array.assign(0));
        length = count;
    }

    LayerKvCache layer(int layer) {
        return new LayerKvCache(keys.get(layer), values.get(layer), length);
    }

    /** How many positions are there, which is where the next one goes. */
    int length() {
        return length;
    }

    /** Every layer has so many positions more. */
    void advance(int count) {
        length += count;
    }

    /** Forgets what came behind so many positions. */
    void truncate(int count) {
        length = count;
    }

    void release(PooledMemory memory) {
        keys.forEach(memory::release);
        values.forEach(memory::release);
    }
}
