package org.llava4j.model.kernels;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** {@link MovableFloatPointer} for 8-bit values: a pointer that can be moved and owns nothing. */
final class MovableBytePointer extends BytePointer {
    MovableBytePointer() {
        super((Pointer) null);
    }

    /** Moves this pointer and returns it. */
    MovableBytePointer at(long newAddress) {
        address = newAddress;
        return this;
    }

    // Pointer compares by address; this one changes its address all the time and is never compared.
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
