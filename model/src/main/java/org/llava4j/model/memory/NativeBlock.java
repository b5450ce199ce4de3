package org.llava4j.model.memory;

import org.bytedeco.javacpp.FloatPointer;

/** Block of native float32 memory that belongs to no array. Its contents are unspecified at first. */
public final class NativeBlock implements AutoCloseable {
    private final FloatPointer memory;

    /** @param floats 1 or more */
    public NativeBlock(long floats) {
        memory = new FloatPointer(floats);
    }

    /** The address of the first float. */
    public long address() {
        return memory.address();
    }

    /** Size in floats. */
    public long floats() {
        return memory.capacity();
    }

    /** Frees the memory. */
    @Override
    public void close() {
        memory.deallocate();
    }
}
