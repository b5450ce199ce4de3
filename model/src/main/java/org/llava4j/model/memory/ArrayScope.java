package org.llava4j.model.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Scope of arrays that belong to a memory pool: the results of graphs ({@link #own(INDArray)}) and arrays from the pool
 * itself ({@link #borrow}). Closing the scope returns them to the pool of the thread that created the scope, so its
 * graphs must have run on that thread. Use one per step, call or sequence, with try-with-resources or as a field. Not
 * thread-safe.
 */
public final class ArrayScope implements AutoCloseable {
    private final PooledMemory memory = PooledMemory.forCurrentThread();
    private final List<INDArray> arrays = new ArrayList<>();

    /** Takes ownership of an array that a graph has returned, and returns it. */
    public INDArray own(INDArray array) {
        arrays.add(array);
        return array;
    }

    /** Takes ownership of all arrays that a graph has returned, and returns the map. */
    public Map<String, INDArray> own(Map<String, INDArray> byName) {
        arrays.addAll(byName.values());
        return byName;
    }

    /** Borrows an array with unspecified contents. */
    public INDArray borrow(DataType type, long... shape) {
        return own(memory.borrow(type, shape));
    }

    /** Returns the arrays to the pool, in the order in which the scope got them. */
    @Override
    public void close() {
        arrays.forEach(memory::release);
        arrays.clear();
    }
}
