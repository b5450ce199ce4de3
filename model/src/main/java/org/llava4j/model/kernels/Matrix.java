package org.llava4j.model.kernels;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Matrix view of a dense, row-major float32 array in native memory. The first dimension is rows, all others are
 * columns; a vector is one row. The view references the array, which keeps its memory alive.
 *
 * @param array the array that owns the memory
 * @param address of the first element
 */
record Matrix(INDArray array, long address, int rows, int columns) implements WeightMatrix {

    static Matrix of(INDArray array) {
        int rows = array.rank() < 2 ? 1 : Math.toIntExact(array.size(0));
        int columns = Math.toIntExact(array.length() / rows);
        return new Matrix(array, NativeArray.addressOf(array), rows, columns);
    }

    /** Like {@link #of}; null for null. */
    static @Nullable Matrix orNull(@Nullable INDArray array) {
        return array == null ? null : of(array);
    }

    /** Whether all arrays are float32 (or null), dense in C order and not empty. */
    static boolean allReadable(@Nullable INDArray... arrays) {
        for (@Nullable INDArray array : arrays) {
            if (array != null && !(array.dataType() == DataType.FLOAT && isDense(array))) {
                return false;
            }
        }
        return true;
    }

    /** Whether an array is int32 (or null), dense in C order and not empty. */
    static boolean isReadableInts(@Nullable INDArray array) {
        return array == null || (array.dataType() == DataType.INT && isDense(array));
    }

    /** Whether an array is dense in C order and not empty. */
    static boolean isDense(INDArray array) {
        if (array.isEmpty()) {
            return false;
        }
        long expected = 1;
        for (int dimension = array.rank() - 1; dimension >= 0; dimension--) {
            long size = array.size(dimension);
            if (size != 1 && array.stride(dimension) != expected) {
                return false;
            }
            expected *= size;
        }
        return true;
    }

    /** The values of an int32 array that passes {@link #isReadableInts}. */
    static int[] ints(INDArray array) {
        int[] values = new int[Math.toIntExact(array.length())];
        new NativeArray(array).read(0, values, values.length);
        return values;
    }

    /** Address of a row. */
    long row(long row) {
        return address + row * columns * Float.BYTES;
    }

    /** Address of an element. */
    long at(long row, long column) {
        return address + (row * columns + column) * Float.BYTES;
    }

    /** Address of the element at a position of the flattened array. */
    long flat(long position) {
        return address + position * Float.BYTES;
    }

    long length() {
        return (long) rows * columns;
    }

    /** Copies a vector to the heap, with the padding that {@link Scratch#row} has. */
    float[] toHeap() {
        float[] values = new float[Math.toIntExact(length()) + Scratch.PADDING];
        Scratch.forCurrentThread().read(address, values, (int) length());
        return values;
    }

    /**
     * Requires a shape, because the caller then reads and writes memory by address.
     *
     * @throws IllegalArgumentException if this matrix has another shape
     */
    Matrix expect(String name, long expectedRows, long expectedColumns) {
        if (rows != expectedRows || columns != expectedColumns) {
            throw new IllegalArgumentException(name + " must be [" + expectedRows + ", " + expectedColumns + "] but is "
                    + Arrays.toString(array.shape()));
        }
        return this;
    }
}
