package org.llava4j.model.memory;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory pool of meta arrays, which have a shape but one element of memory (as PyTorch's meta device). It reuses and
 * releases arrays as {@link PooledMemory} does and counts the bytes that real arrays would take.
 */
public final class MetaMemory extends PooledMemory {
    private static final Map<DataType, DataBuffer> ELEMENTS =
            Collections.synchronizedMap(new EnumMap<>(DataType.class));

    private final Set<INDArray> held = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<INDArray> results = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Consumer<INDArray> onRelease;
    private long inUseBytes;
    private long resultBytes;
    private long peakInUseBytes;
    private long peakBytes;
    private long peakIntermediateBytes;

    /** Creates an empty pool with the default limit on free bytes. */
    public MetaMemory() {
        this(array -> {});
    }

    /** @param onRelease is called with each released array */
    public MetaMemory(Consumer<INDArray> onRelease) {
        this.onRelease = onRelease;
    }

    /** Creates a meta array outside of any pool: all its elements are the same zero. */
    public static INDArray array(DataType type, long... shape) {
        DataBuffer element = ELEMENTS.computeIfAbsent(type, key -> Nd4j.createBuffer(key, 1, true));
        return Nd4j.create(element, shape, new long[shape.length], 0, 'c', type);
    }

    @Override
    INDArray create(DataType type, long... shape) {
        return array(type, shape);
    }

    @Override
    boolean isReusable(INDArray array) {
        return true;
    }

    /** Does nothing, because all arrays of a data type share their element. */
    @Override
    void destroy(INDArray array) {}

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        INDArray array = super.allocate(detached, type, shape);
        held.add(array);
        inUseBytes += bytes(array);
        peakInUseBytes = Math.max(peakInUseBytes, inUseBytes);
        peakBytes = Math.max(peakBytes, inUseBytes + freeBytes());
        return array;
    }

    /**
     * Records that an operation has all its outputs.
     *
     * @param newResults those of its outputs that the graph returns
     */
    public void recordOperation(Collection<INDArray> newResults) {
        results.addAll(newResults);
        resultBytes += newResults.stream().mapToLong(PooledMemory::bytes).sum();
        peakIntermediateBytes = Math.max(peakIntermediateBytes, inUseBytes - resultBytes);
    }

    @Override
    public void release(INDArray array) {
        if (!held.remove(array)) {
            throw new IllegalStateException("a meta array was released that the pool has not allocated");
        }
        inUseBytes -= bytes(array);
        if (results.remove(array)) {
            resultBytes -= bytes(array);
        }
        super.release(array);
        onRelease.accept(array);
    }

    /** Peak bytes in use. */
    public long peakInUseBytes() {
        return peakInUseBytes;
    }

    /** Peak bytes in use without results, which the caller of a graph owns. */
    public long peakIntermediateBytes() {
        return peakIntermediateBytes;
    }

    /** Peak bytes in use and free together. */
    public long peakBytes() {
        return peakBytes;
    }
}
