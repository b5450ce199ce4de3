package org.llava4j.model.kernels;

import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Matrix view of a dense, row-major bf16 or fp16 array in native memory, like {@link Matrix} for float32. The first
 * dimension is rows, all others are columns.
 *
 * @param array the array that owns the memory, BFLOAT16 or HALF
 * @param address of the first element
 */
record HalfMatrix(INDArray array, long address, int rows, int columns) {
    private boolean isBf16() {
        return array.dataType() == DataType.BFLOAT16;
    }

    private long at(long row, long column) {
        return address + (row * columns + column) * Short.BYTES;
    }

    static HalfMatrix of(INDArray array) {
        int rows = Math.toIntExact(array.size(0));
        int columns = Math.toIntExact(array.length() / rows);
        return new HalfMatrix(array, NativeArray.addressOf(array), rows, columns);
    }

    /** Whether an array holds 16-bit floats, in any memory layout. */
    static boolean isHalfPrecision(INDArray array) {
        return FloatConversion.isHalfPrecision(array.dataType());
    }

    /** Whether an array holds 16-bit floats, is dense in C order and not empty. */
    static boolean isReadable(INDArray array) {
        return isHalfPrecision(array) && array.rank() >= 2 && Matrix.isDense(array);
    }

    /**
     * Converts {@code count} elements of a row, starting at {@code column}, to float32 and writes them to the start of
     * {@code to}.
     */
    void widen(Scratch scratch, HalfMath math, long row, int column, int count, float[] to) {
        short[] halves = scratch.readShorts(at(row, column), count);
        if (isBf16()) {
            math.widenBf16(halves, to, count);
        } else {
            math.widenF16(halves, to, count);
        }
    }

    /**
     * sums[r] = dot product of a row and xs[r]. Neighboring values are read as pairs, because memory is little-endian
     * on every platform of ND4J.
     *
     * @param xs float32[K] each, in the order of {@link #deinterleave}
     */
    void dot(Scratch scratch, HalfMath math, long row, float[][] xs, float[] sums) {
        int n = columns / 2;
        int[] pairs = scratch.readInts(at(row, 0), n);
        for (int r = 0; r < sums.length; r++) {
            sums[r] = isBf16() ? math.dotBf16(pairs, xs[r], n) : math.dotF16(pairs, xs[r], n);
        }
        if (columns % 2 == 1) {
            float[] last = new float[1];
            widen(scratch, math, row, columns - 1, 1, last);
            for (int r = 0; r < sums.length; r++) {
                sums[r] += last[0] * xs[r][columns - 1];
            }
        }
    }

    /** Reorders n values: those at even positions, those at odd positions, and the last one if n is odd. */
    static void deinterleave(float[] from, int n, float[] to) {
        int half = n / 2;
        for (int i = 0; i < half; i++) {
            to[i] = from[2 * i];
            to[half + i] = from[2 * i + 1];
        }
        if (n % 2 == 1) {
            to[n - 1] = from[n - 1];
        }
    }
}
