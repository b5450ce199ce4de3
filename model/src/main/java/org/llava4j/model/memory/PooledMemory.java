package org.llava4j.model.memory;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.BaseNDArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory pool for the arrays of a thread's graphs. Released arrays are reused by data type and shape, so that a step
 * touches the same pages as the step before and memory use stays constant. If free arrays exceed a limit, the least
 * recently used shapes are closed.
 *
 * <p>Arrays returned by {@code output(...)} belong to the caller; an {@link ArrayScope} returns them to the pool.
 */
public sealed class PooledMemory extends AbstractMemoryMgr permits MetaMemory {
    private static final ThreadLocal<PooledMemory> PER_THREAD = ThreadLocal.withInitial(PooledMemory::new);

    /** Default limit of free bytes, well above the working set of a step for all models that fit at all. */
    private static final long DEFAULT_LIMIT_BYTES = 1L << 31;

    private final Map<Key, Deque<INDArray>> free = new LinkedHashMap<>(64, 0.75f, true);
    private long limitBytes = limitBytes();
    private final Set<INDArray> inUse = Collections.newSetFromMap(new IdentityHashMap<>());
    private long freeBytes;
    private long allocatedArrays;
    private long allocatedBytes;

    PooledMemory() {}

    /** Returns the pool of the current thread, shared by all graphs that it runs. */
    public static PooledMemory forCurrentThread() {
        return PER_THREAD.get();
    }

    /** Default limit on the bytes of free arrays in a pool: the system property {@code llava4j.pool.bytes}, or 2 GB. */
    public static long limitBytes() {
        return Long.getLong("llava4j.pool.bytes", DEFAULT_LIMIT_BYTES);
    }

    /** Lowers the limit on free bytes below {@link #limitBytes()} when memory is short. */
    public void limitFreeBytes(long bytes) {
        limitBytes = Math.min(limitBytes(), Math.max(0, bytes));
        if (freeBytes > limitBytes) {
            shrink();
        }
    }

    private record Key(DataType type, long[] shape) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && type == key.type && Arrays.equals(shape, key.shape);
        }

        @Override
        public int hashCode() {
            return Objects.hash(type, Arrays.hashCode(shape));
        }
    }

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        Deque<INDArray> arrays = free.get(new Key(type, shape));
        INDArray array = arrays == null ? null : arrays.pollFirst();
        if (array == null) {
            array = create(type, shape);
            allocatedArrays++;
            allocatedBytes += bytes(array);
        } else {
            freeBytes -= bytes(array);
        }
        // SameDiff identifies arrays by id, so a reused array must get a new one. M2.1 assigns the id of a reused array
        // to the next new array as well, and would take that array for freed; so new arrays also get another id.
        ((BaseNDArray) array).assignNewId();
        inUse.add(array);
        return array;
    }

    /** Allocates an array that belongs to the caller across any number of runs, until it is released. */
    public INDArray borrow(DataType type, long... shape) {
        INDArray array = allocate(true, type, shape);
        inUse.remove(array);
        return array;
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
        if (descriptor.isEmpty()) {
            return Nd4j.create(descriptor);
        }
        return allocate(detached, descriptor.dataType(), descriptor.getShape());
    }

    /** Returns an array to the pool. Views and arrays that share their buffer are left to the garbage collector. */
    @Override
    public void release(INDArray array) {
        inUse.remove(array);
        if (!isReusable(array)) {
            return;
        }
        free.computeIfAbsent(new Key(array.dataType(), array.shape()), key -> new ArrayDeque<>())
                .addFirst(array);
        freeBytes += bytes(array);
        if (freeBytes > limitBytes) {
            shrink();
        }
    }

    /**
     * Ends a run: releases arrays that the run has neither released nor returned. SameDiff M2.1 keeps arrays that only
     * an operation outside of the run would read.
     */
    public void releaseUnreturned(Collection<INDArray> returned) {
        returned.forEach(inUse::remove);
        List<INDArray> unreturned = List.copyOf(inUse);
        inUse.clear();
        unreturned.forEach(this::release);
    }

    /** Creates an array when no free one has its shape. */
    INDArray create(DataType type, long... shape) {
        return Nd4j.createUninitializedDetached(type, shape);
    }

    /** Whether a released array is dense, owns its buffer and may be written. */
    boolean isReusable(INDArray array) {
        return !array.isEmpty()
                && !array.wasClosed()
                && !array.isView()
                && array.ordering() == 'c'
                && array.data().length() == array.length()
                && array.closeable()
                && !MappedArray.isMapped(array);
    }

    /** Frees the memory of an array that leaves the pool. */
    void destroy(INDArray array) {
        array.close();
    }

    /** Bytes of the free arrays. */
    public long freeBytes() {
        return freeBytes;
    }

    /** Number of arrays allocated because no free array had their shape. */
    long allocatedArrays() {
        return allocatedArrays;
    }

    /** Total bytes of all allocated arrays. As long as none was closed, this is what the pool and its users hold. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    private void shrink() {
        var entries = free.entrySet().iterator();
        while (freeBytes > limitBytes / 2 && entries.hasNext()) {
            for (INDArray array : entries.next().getValue()) {
                freeBytes -= bytes(array);
                destroy(array);
            }
            entries.remove();
        }
    }

    static long bytes(INDArray array) {
        return array.length() * array.dataType().width();
    }

    /** Closes all free arrays. */
    @Override
    public void close() {
        free.values().forEach(arrays -> arrays.forEach(this::destroy));
        free.clear();
        freeBytes = 0;
    }
}
