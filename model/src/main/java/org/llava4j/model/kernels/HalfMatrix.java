package org.llava4j.model.kernels;

import org.llava4j.data.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A dense, row-major array of 16-bit floats seen as a matrix in native memory, as {@link Matrix} sees float32: the first
 * dimension is rows, all others are columns.
 *
 * @param array the array whose memory this is, BFLOAT16 or HALF
 * @param address of its first element
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
        return new HalfMatrix(array, Matrix.addressOf(array, Short.BYTES), rows, columns);
    }

    /** Whether an array holds 16-bit floats, wherever they lie. */
    static boolean isHalfPrecision(INDArray array) {
        return FloatConversion.isHalfPrecision(array.dataType());
    }

    /** Whether an array holds 16-bit floats in C order without gaps, and is not empty. */
    static boolean isReadable(INDArray array) {
        return isHalfPrecision(array) && array.rank() >= 2 && Matrix.isDense(array);
    }

    /** Writes the float32 values of {@code count} elements of a row, from a column on, to the front of {@code to}. */
    void widen(Scratch scratch, HalfMath math, long row, int column, int count, float[] to) {
        short[] narrow = scratch.readShorts(at(row, column), count);
        if (isBf16()) {
            math.widenBf16(narrow, to, count);
        } else {
            math.widenF16(narrow, to, count);
        }
    }

    /**
     * sums[r] = a row's values times xs[r]. Neighbours are read as pairs, since memory is little-endian wherever ND4J
     * runs.
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

    /** Rearranges n values: those at even places, those at odd ones, and the last where n is odd. */
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
