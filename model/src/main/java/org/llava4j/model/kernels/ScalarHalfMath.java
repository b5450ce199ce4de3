package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import org.llava4j.model.tensors.HalfFloats;

/** {@link HalfMath} in plain Java. Sums accumulate in double: one chain of float additions would lose precision. */
final class ScalarHalfMath implements HalfMath {

    @Override
    public void widenBf16(short[] from, float[] to, int n) {
        widenBf16From(0, from, to, n);
    }

    @Override
    public void widenF16(short[] from, float[] to, int n) {
        widenF16From(0, from, to, n);
    }

    @Override
    public void dotRowsBf16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt) {
        int n = columns / 2;
        for (int r = 0; r < rows; r++) {
            sums[sumAt + r] = (float) dotBf16From(0, memory, r * columns * Short.BYTES, x, n);
        }
    }

    @Override
    public void dotRowsF16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt) {
        int n = columns / 2;
        for (int r = 0; r < rows; r++) {
            sums[sumAt + r] = (float) dotF16From(0, memory, r * columns * Short.BYTES, x, n);
        }
    }

    static void widenBf16From(int start, short[] from, float[] to, int n) {
        for (int i = start; i < n; i++) {
            to[i] = HalfFloats.bf16ToFloat(from[i]);
        }
    }

    static void widenF16From(int start, short[] from, float[] to, int n) {
        for (int i = start; i < n; i++) {
            to[i] = HalfFloats.f16ToFloat(from[i]);
        }
    }

    static double dotBf16From(int start, ByteBuffer memory, int at, float[] x, int n) {
        double sum = 0;
        for (int i = start; i < n; i++) {
            int pair = memory.getInt(at + i * Integer.BYTES);
            sum += HalfFloats.bf16ToFloat((short) pair) * x[i];
            sum += HalfFloats.bf16ToFloat((short) (pair >> Short.SIZE)) * x[n + i];
        }
        return sum;
    }

    static double dotF16From(int start, ByteBuffer memory, int at, float[] x, int n) {
        double sum = 0;
        for (int i = start; i < n; i++) {
            int pair = memory.getInt(at + i * Integer.BYTES);
            sum += HalfFloats.f16ToFloat((short) pair) * x[i];
            sum += HalfFloats.f16ToFloat((short) (pair >> Short.SIZE)) * x[n + i];
        }
        return sum;
    }
}
