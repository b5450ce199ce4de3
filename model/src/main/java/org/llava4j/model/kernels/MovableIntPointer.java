package org.llava4j.model.kernels;

import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

/** Reusable pointer to 32-bit integers, see {@link MovableFloatPointer}. */
final class MovableIntPointer extends IntPointer {
    MovableIntPointer() {
        super((Pointer) null);
    }

    /** Moves this pointer and returns it. */
    MovableIntPointer at(long newAddress) {
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
