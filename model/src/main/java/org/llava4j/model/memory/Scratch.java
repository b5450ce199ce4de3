package org.llava4j.model.memory;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * Per-thread scratch memory, reused between calls: heap rows for arithmetic, native blocks for products, and reusable
 * pointers. Rows are copied between native memory and the heap because the Vector API of JDK 17 works on Java arrays.
 */
public final class Scratch {
    /** Floats after the requested length of every row that arithmetic may overwrite. */
    public static final int PADDING = 64;

    private static final int SLOTS = 12;
    private static final ThreadLocal<Scratch> PER_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final float[][] rows = new float[SLOTS][PADDING];
    private short[] shorts = new short[0];
    private int[] ints = new int[0];
    private byte[] bytes = new byte[0];
    private final NativeBlock[] blocks = new NativeBlock[2];
    private final MovablePointer.ToFloats first = new MovablePointer.ToFloats();
    private final MovablePointer.ToFloats second = new MovablePointer.ToFloats();
    private final MovablePointer.ToFloats third = new MovablePointer.ToFloats();
    private final MovablePointer.ToShorts shortRef = new MovablePointer.ToShorts();
    private final MovablePointer.ToInts intRef = new MovablePointer.ToInts();
    private final MovablePointer.ToBytes byteRef = new MovablePointer.ToBytes();

    private Scratch() {}

    /** The scratch memory of the current thread. */
    public static Scratch forCurrentThread() {
        return PER_THREAD.get();
    }

    /** A heap row of at least {@code length + PADDING} floats with unspecified contents. */
    public float[] row(int slot, int length) {
        float[] row = rows[slot];
        if (row.length < length + PADDING) {
            row = new float[length + PADDING];
            rows[slot] = row;
        }
        return row;
    }

    /** The address of a native block of at least {@code floats} floats with unspecified contents. */
    public long block(int slot, long floats) {
        NativeBlock block = blocks[slot];
        if (block == null || block.floats() < floats) {
            if (block != null) {
                block.close();
            }
            block = new NativeBlock(floats);
            blocks[slot] = block;
        }
        return block.address();
    }

    /** Copies from native memory to the heap. */
    public void read(long from, float[] to, int floats) {
        first.at(from).get(to, 0, floats);
    }

    /** Copies {@code count} 16-bit values to the heap, into an array that the next call reuses. */
    public short[] readShorts(long from, int count) {
        if (shorts.length < count) {
            shorts = new short[count];
        }
        shortRef.at(from).get(shorts, 0, count);
        return shorts;
    }

    /** Copies {@code count} 32-bit values to the heap, into an array that the next call reuses. */
    public int[] readInts(long from, int count) {
        if (ints.length < count) {
            ints = new int[count];
        }
        intRef.at(from).get(ints, 0, count);
        return ints;
    }

    /** Copies {@code count} 8-bit values to the heap, into an array that the next call reuses. */
    public byte[] readBytes(long from, int count) {
        if (bytes.length < count + PADDING) {
            bytes = new byte[count + PADDING];
        }
        byteRef.at(from).get(bytes, 0, count);
        return bytes;
    }

    /** Copies from the heap to native memory. */
    public void write(float[] from, long to, int floats) {
        first.at(to).put(from, 0, floats);
    }

    /** Copies within native memory. */
    public void copy(long from, long to, long floats) {
        Pointer.memcpy(first.at(to), second.at(from), floats * Float.BYTES);
    }

    /** Fills native memory with 0. */
    public void zero(long to, long floats) {
        Pointer.memset(first.at(to), 0, floats * Float.BYTES);
    }

    FloatPointer first(long address) {
        return first.at(address);
    }

    FloatPointer second(long address) {
        return second.at(address);
    }

    FloatPointer third(long address) {
        return third.at(address);
    }

    ShortPointer shortsAt(long address) {
        return shortRef.at(address);
    }

    IntPointer intsAt(long address) {
        return intRef.at(address);
    }

    BytePointer bytesAt(long address) {
        return byteRef.at(address);
    }
}
