package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Per-thread scratch memory, reused between calls: heap rows for arithmetic, native blocks for products, and reusable
 * pointers. Rows are copied between native memory and the heap because the Vector API of JDK 17 works on Java arrays.
 */
final class Scratch {
    /** Floats after the requested length of every row that arithmetic may overwrite (see {@link RowMath}). */
    static final int PADDING = 64;

    private static final int SLOTS = 6;
    private static final ThreadLocal<Scratch> PER_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final float[][] rows = new float[SLOTS][PADDING];
    private short[] shorts = new short[0];
    private int[] ints = new int[0];
    private byte[] bytes = new byte[0];
    private final FloatPointer[] blocks = new FloatPointer[2];
    private final MovableFloatPointer first = new MovableFloatPointer();
    private final MovableFloatPointer second = new MovableFloatPointer();
    private final MovableFloatPointer third = new MovableFloatPointer();
    private final MovableShortPointer shortRef = new MovableShortPointer();
    private final MovableIntPointer intRef = new MovableIntPointer();
    private final MovableBytePointer byteRef = new MovableBytePointer();

    private Scratch() {}

    static Scratch forCurrentThread() {
        return PER_THREAD.get();
    }

    /** A heap row of at least {@code length + PADDING} floats with unspecified contents. */
    float[] row(int slot, int length) {
        float[] row = rows[slot];
        if (row.length < length + PADDING) {
            row = new float[length + PADDING];
            rows[slot] = row;
        }
        return row;
    }

    /** The address of a native block of at least {@code floats} floats with unspecified contents. */
    long block(int slot, long floats) {
        FloatPointer block = blocks[slot];
        if (block == null || block.capacity() < floats) {
            if (block != null) {
                block.deallocate();
            }
            block = new FloatPointer(floats);
            blocks[slot] = block;
        }
        return block.address();
    }

    /** Copies from native memory to the heap. */
    void read(long from, float[] to, int floats) {
        first.at(from).get(to, 0, floats);
    }

    /** Copies {@code count} 16-bit values to the heap, into an array that the next call reuses. */
    short[] readShorts(long from, int count) {
        if (shorts.length < count) {
            shorts = new short[count];
        }
        shortRef.at(from).get(shorts, 0, count);
        return shorts;
    }

    /** Copies {@code count} 32-bit values to the heap, into an array that the next call reuses. */
    int[] readInts(long from, int count) {
        if (ints.length < count) {
            ints = new int[count];
        }
        intRef.at(from).get(ints, 0, count);
        return ints;
    }

    /** Copies {@code count} 8-bit values to the heap, into an array that the next call reuses. */
    byte[] readBytes(long from, int count) {
        if (bytes.length < count + PADDING) {
            bytes = new byte[count + PADDING];
        }
        byteRef.at(from).get(bytes, 0, count);
        return bytes;
    }

    /** Copies from the heap to native memory. */
    void write(float[] from, long to, int floats) {
        first.at(to).put(from, 0, floats);
    }

    /** Copies within native memory. */
    void copy(long from, long to, long floats) {
        Pointer.memcpy(first.at(to), second.at(from), floats * Float.BYTES);
    }

    void zero(long to, long floats) {
        Pointer.memset(first.at(to), 0, floats * Float.BYTES);
    }

    MovableFloatPointer first(long address) {
        return first.at(address);
    }

    MovableFloatPointer second(long address) {
        return second.at(address);
    }

    MovableFloatPointer third(long address) {
        return third.at(address);
    }
}
