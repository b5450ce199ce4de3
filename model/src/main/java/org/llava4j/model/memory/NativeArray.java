package org.llava4j.model.memory;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Native memory of an array that is dense and in C order, for copies to and from the heap. Positions count elements of
 * the Java type that is copied, whatever the data type of the array. The byte order is the platform's, which is
 * little-endian on all platforms of ND4J.
 */
public final class NativeArray {
    private final INDArray array;
    private final long address;

    public NativeArray(INDArray array) {
        this.array = array;
        address = addressOf(array);
    }

    /** The address of an array's first element. The caller keeps the array alive while it uses the address. */
    public static long addressOf(INDArray array) {
        return array.data().pointer().address()
                + array.offset() * array.dataType().width();
    }

    /** Copies a float32 array to the heap in {@code count} parts of equal length. */
    public static List<float[]> rows(INDArray array, int count) {
        NativeArray memory = new NativeArray(array);
        int length = Math.toIntExact(array.length() / count);
        List<float[]> rows = new ArrayList<>(count);
        for (int row = 0; row < count; row++) {
            float[] values = new float[length];
            memory.read((long) row * length, values, length);
            rows.add(values);
        }
        return rows;
    }

    /** Copies {@code count} floats from a position of one float32 array to a position of another. */
    public static void copy(INDArray from, long fromPosition, INDArray to, long toPosition, long count) {
        Scratch.forCurrentThread()
                .copy(addressOf(from) + fromPosition * Float.BYTES, addressOf(to) + toPosition * Float.BYTES, count);
        Reference.reachabilityFence(from);
        Reference.reachabilityFence(to);
    }

    /** Copies parts of equal length from the heap to a float32 array, the inverse of {@link #rows}. */
    public static void writeRows(INDArray array, List<float[]> rows) {
        NativeArray memory = new NativeArray(array);
        int length = Math.toIntExact(array.length() / rows.size());
        for (int row = 0; row < rows.size(); row++) {
            memory.write(rows.get(row), (long) row * length, length);
        }
    }

    /** A view of native memory as a little-endian buffer. The caller keeps the memory alive while it uses the buffer. */
    public static ByteBuffer bytes(long address, int count) {
        return Scratch.forCurrentThread()
                .bytesAt(address)
                .position(0)
                .limit(count)
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads {@code count} bytes from a position into the beginning of an array. */
    public void read(long position, byte[] to, int count) {
        Scratch.forCurrentThread().bytesAt(address + position).get(to, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Reads {@code count} 16-bit values from a position into the beginning of an array. */
    public void read(long position, short[] to, int count) {
        Scratch.forCurrentThread().shortsAt(address + position * Short.BYTES).get(to, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Reads {@code count} 32-bit integers from a position into the beginning of an array. */
    public void read(long position, int[] to, int count) {
        Scratch.forCurrentThread().intsAt(address + position * Integer.BYTES).get(to, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Reads {@code count} floats from a position into the beginning of an array. */
    public void read(long position, float[] to, int count) {
        Scratch.forCurrentThread().read(address + position * Float.BYTES, to, count);
        Reference.reachabilityFence(array);
    }

    /** Writes the first {@code count} bytes of an array to a position. */
    public void write(byte[] from, long position, int count) {
        Scratch.forCurrentThread().bytesAt(address + position).put(from, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Writes the first {@code count} values of an array to a position. */
    public void write(int[] from, long position, int count) {
        Scratch.forCurrentThread().intsAt(address + position * Integer.BYTES).put(from, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Writes the first {@code count} values of an array to a position. */
    public void write(short[] from, long position, int count) {
        Scratch.forCurrentThread().shortsAt(address + position * Short.BYTES).put(from, 0, count);
        Reference.reachabilityFence(array);
    }

    /** Writes the first {@code count} floats of an array to a position. */
    public void write(float[] from, long position, int count) {
        Scratch.forCurrentThread().write(from, address + position * Float.BYTES, count);
        Reference.reachabilityFence(array);
    }
}
