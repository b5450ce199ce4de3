package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
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
record HalfMatrix(INDArray array, long address, int rows, int columns) implements WeightMatrix {
    /** Bytes of rows that are multiplied with each row of a batch in turn: they stay in the L2 cache. */
    private static final int READ_BYTES = 1 << 17;

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
     * sums[r][0..n1 - n0) = dot products of the rows [n0, n1) and each row of x, which is {@link
     * SmallBatch.Form#DEINTERLEAVED}. Neighboring values are read as pairs, because memory is little-endian on every
     * platform of ND4J.
     */
    void dotRows(Scratch scratch, HalfMath math, int n0, int n1, SmallBatch x, float[][] sums) {
        int rowBytes = columns * Short.BYTES;
        int rowsPerRead = Math.max(1, READ_BYTES / rowBytes);
        for (int n = n0; n < n1; n += rowsPerRead) {
            int count = Math.min(rowsPerRead, n1 - n);
            ByteBuffer rows = NativeArray.bytes(at(n, 0), count * rowBytes);
            for (int r = 0; r < sums.length; r++) {
                if (isBf16()) {
                    math.dotRowsBf16(rows, count, columns, x.row(r), sums[r], n - n0);
                } else {
                    math.dotRowsF16(rows, count, columns, x.row(r), sums[r], n - n0);
                }
            }
        }
        if (columns % 2 == 1) {
            addLastColumn(scratch, math, n0, n1, x, sums);
        }
    }

    private void addLastColumn(Scratch scratch, HalfMath math, int n0, int n1, SmallBatch x, float[][] sums) {
        float[] last = new float[1];
        for (int n = n0; n < n1; n++) {
            widen(scratch, math, n, columns - 1, 1, last);
            for (int r = 0; r < sums.length; r++) {
                sums[r][n - n0] += last[0] * x.row(r)[columns - 1];
            }
        }
    }
}
