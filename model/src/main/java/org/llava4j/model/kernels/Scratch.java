package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * What one thread needs while it works, kept between calls: heap rows for arithmetic, a native block for products, and
 * movable pointers. Rows travel between native memory and the heap because the Vector API of JDK 17 reads arrays.
 */
final class Scratch {
    /** Floats behind the asked length of every row that arithmetic may overwrite (see {@link RowMath}). */
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

    /** A heap row of at least {@code length + SPARE} floats with unspecified contents. */
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

    /** Native to heap. */
    void read(long from, float[] to, int floats) {
        first.at(from).get(to, 0, floats);
    }

    /** Native to heap: so many 16-bit values, in an array that the next call takes again. */
    short[] readShorts(long from, int count) {
        if (shorts.length < count) {
            shorts = new short[count];
        }
        shortRef.at(from).get(shorts, 0, count);
        return shorts;
    }

    /** Native to heap: so many 32-bit values, in an array that the next call takes again. */
    int[] readInts(long from, int count) {
        if (ints.length < count) {
            ints = new int[count];
        }
        intRef.at(from).get(ints, 0, count);
        return ints;
    }

    /** Native to heap: so many 8-bit values, in an array that the next call takes again. */
    byte[] readBytes(long from, int count) {
        if (bytes.length < count + PADDING) {
            bytes = new byte[count + PADDING];
        }
        byteRef.at(from).get(bytes, 0, count);
        return bytes;
    }

    /** Heap to native. */
    void write(float[] from, long to, int floats) {
        first.at(to).put(from, 0, floats);
    }

    /** Native to native. */
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
