package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A pointer to float32 values that can be moved to any address: native calls take pointers, and making a new one for
 * every call would cost more than a small call itself. It owns nothing; whoever moves it keeps the memory alive.
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
