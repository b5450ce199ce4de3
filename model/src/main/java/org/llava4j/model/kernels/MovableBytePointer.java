package org.llava4j.model.kernels;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Reusable pointer to 8-bit values, see {@link MovableFloatPointer}. */
final class MovableBytePointer extends BytePointer {
    MovableBytePointer() {
        super((Pointer) null);
    }

    /** Moves this pointer and returns it. */
    MovableBytePointer at(long newAddress) {
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
