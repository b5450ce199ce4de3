package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * What one thread needs while it works, kept between calls: heap rows for arithmetic, a native block for products, and
 * movable pointers. Rows travel between native memory and the heap because the Vector API of JDK 17 reads arrays.
 */
final class Scratch {
    /** Floats behind the asked length of every row that arithmetic may overwrite (see {@link RowMath}). */
    static final int SPARE = 64;

    private static final int SLOTS = 6;
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final float[][] rows = new float[SLOTS][SPARE];
    private short[] shorts = new short[0];
    private int[] ints = new int[0];
    private byte[] bytes = new byte[0];
    private final FloatPointer[] blocks = new FloatPointer[2];
    private final NativeRef first = new NativeRef();
    private final NativeRef second = new NativeRef();
    private final NativeRef third = new NativeRef();
    private final NativeShorts shortRef = new NativeShorts();
    private final NativeInts intRef = new NativeInts();
    private final NativeBytes byteRef = new NativeBytes();

    private Scratch() {}

    static Scratch ofThisThread() {
        return OF_THREAD.get();
    }

    /** A heap row of at least {@code length + SPARE} floats with unspecified contents. */
    float[] row(int slot, int length) {
        float[] row = rows[slot];
        if (row.length < length + SPARE) {
            row = new float[length + SPARE];
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
        if (bytes.length < count + SPARE) {
            bytes = new byte[count + SPARE];
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

    NativeRef first(long address) {
        return first.at(address);
    }

    NativeRef second(long address) {
        return second.at(address);
    }

    NativeRef third(long address) {
        return third.at(address);
    }
}
