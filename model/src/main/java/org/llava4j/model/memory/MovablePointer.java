package org.llava4j.model.memory;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * Reusable pointer that can be moved to any address. Native calls take pointer objects, and allocating one per call
 * would cost more than a small call. JavaCPP copies each type of Java array through its own class of pointer, so this
 * is one for each. A pointer does not own memory: the caller keeps the memory alive.
 */
final class MovablePointer {
    private MovablePointer() {}

    /** Pointer to float32 values. */
    static final class ToFloats extends FloatPointer {
        ToFloats() {
            super((Pointer) null);
        }

        /** Moves this pointer and returns it. */
        FloatPointer at(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    /** Pointer to 32-bit integers. */
    static final class ToInts extends IntPointer {
        ToInts() {
            super((Pointer) null);
        }

        /** Moves this pointer and returns it. */
        IntPointer at(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    /** Pointer to 16-bit values. */
    static final class ToShorts extends ShortPointer {
        ToShorts() {
            super((Pointer) null);
        }

        /** Moves this pointer and returns it. */
        ShortPointer at(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    /** Pointer to bytes. */
    static final class ToBytes extends BytePointer {
        ToBytes() {
            super((Pointer) null);
        }

        /** Moves this pointer and returns it. */
        BytePointer at(long newAddress) {
            address = newAddress;
            return this;
        }
    }
}
