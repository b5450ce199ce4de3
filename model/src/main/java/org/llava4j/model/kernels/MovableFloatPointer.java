package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Reusable pointer to float32 values that can be moved to any address. Native calls take pointer objects, and
 * allocating one per call would cost more than a small call. The pointer does not own memory: the caller keeps the
 * memory alive.
 */
final class MovableFloatPointer extends FloatPointer {
    MovableFloatPointer() {
        super((Pointer) null);
    }

    /** Moves this pointer and returns it. */
    MovableFloatPointer at(long newAddress) {
        address = newAddress;
        return this;
    }

    // Pointer compares by address, but this pointer is moved all the time and never compared.
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
