package org.llava4j.model.kernels;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/** Reusable pointer to 16-bit values, see {@link MovableFloatPointer}. */
final class MovableShortPointer extends ShortPointer {
    MovableShortPointer() {
        super((Pointer) null);
    }

    /** Moves this pointer and returns it. */
    MovableShortPointer at(long newAddress) {
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
