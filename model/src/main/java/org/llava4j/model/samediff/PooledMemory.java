package org.llava4j.model.samediff;

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
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.BaseNDArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays of a thread's graphs, handed out again by type and shape, so that a step touches the pages of the step
 * before and memory stays flat. Shapes unused for longest are closed first when the pool holds more than its limit.
 *
 * <p>What {@code output(...)} returns belongs to the caller; {@link #release} gives it back.
 */
public final class PooledMemory extends VersionedMemory {
    private static final ThreadLocal<PooledMemory> PER_THREAD = ThreadLocal.withInitial(PooledMemory::new);

    /** Free arrays beyond this are closed; a step's working set stays far below it on the sizes that fit at all. */
    private static final long DEFAULT_LIMIT_BYTES = 1L << 31;

    private final Map<Key, Deque<INDArray>> free = new LinkedHashMap<>(64, 0.75f, true);
    private long limitBytes = limitBytes();
    private final Set<INDArray> inUse = Collections.newSetFromMap(new IdentityHashMap<>());
    private long freeBytes;
    private long allocatedArrays;
    private long allocatedBytes;

    private PooledMemory() {}

    /** The pool shared by all graphs that this thread runs. */
    public static PooledMemory forCurrentThread() {
        return PER_THREAD.get();
    }

    /** Bytes of free arrays that a pool keeps at most, unless it is told otherwise. */
    public static long limitBytes() {
        return Long.getLong("llava4j.pool.bytes", DEFAULT_LIMIT_BYTES);
    }

    /** Keeps fewer bytes of free arrays from now on than {@link #limitBytes()}, where memory is short. */
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
            array = Nd4j.createUninitializedDetached(type, shape);
            allocatedArrays++;
            allocatedBytes += bytes(array);
        } else {
            freeBytes -= bytes(array);
        }
        // SameDiff tells arrays apart by id: a reused one must look new. M2.1 gives the id that a reused one got to the
        // array made next as well, which it then takes for freed; so that one gets another too.
        ((BaseNDArray) array).assignNewId();
        inUse.add(array);
        return array;
    }

    /** An array that stays the caller's over any number of runs, until it is released. */
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

    /** Takes an array back. Views and arrays whose buffer others hold are left to the garbage collector. */
    @Override
    public void release(INDArray array) {
        inUse.remove(array);
        if (array.isEmpty() || array.wasClosed() || array.isView() || array.ordering() != 'c') {
            return;
        }
        if (array.data().length() != array.length() || !array.closeable()) {
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
     * Ends a run: takes back what it was lent and has neither released nor returned. SameDiff (M2.1) keeps what only an
     * operation outside of the run would read.
     */
    void releaseUnreturned(Collection<INDArray> returned) {
        returned.forEach(inUse::remove);
        List<INDArray> forgotten = List.copyOf(inUse);
        inUse.clear();
        forgotten.forEach(this::release);
    }

    /** How many arrays had to be made because none of their shape was free. */
    long allocatedArrays() {
        return allocatedArrays;
    }

    /** Bytes of all arrays that were made; while none was closed, what this pool and its borrowers hold. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    private void shrink() {
        var entries = free.entrySet().iterator();
        while (freeBytes > limitBytes / 2 && entries.hasNext()) {
            for (INDArray array : entries.next().getValue()) {
                freeBytes -= bytes(array);
                array.close();
            }
            entries.remove();
        }
    }

    private static long bytes(INDArray array) {
        return array.length() * array.dataType().width();
    }

    /** Closes every free array. */
    @Override
    public void close() {
        free.values().forEach(arrays -> arrays.forEach(INDArray::close));
        free.clear();
        freeBytes = 0;
    }
}
