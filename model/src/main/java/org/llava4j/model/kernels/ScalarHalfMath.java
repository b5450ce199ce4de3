package org.llava4j.model.kernels;

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
    public float dotBf16(int[] pairs, float[] x, int n) {
        return (float) dotBf16From(0, pairs, x, n);
    }

    @Override
    public float dotF16(int[] pairs, float[] x, int n) {
        return (float) dotF16From(0, pairs, x, n);
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

    static double dotBf16From(int start, int[] pairs, float[] x, int n) {
        double sum = 0;
        for (int i = start; i < n; i++) {
            sum += HalfFloats.bf16ToFloat((short) pairs[i]) * x[i];
            sum += HalfFloats.bf16ToFloat((short) (pairs[i] >> Short.SIZE)) * x[n + i];
        }
        return sum;
    }

    static double dotF16From(int start, int[] pairs, float[] x, int n) {
        double sum = 0;
        for (int i = start; i < n; i++) {
            sum += HalfFloats.f16ToFloat((short) pairs[i]) * x[i];
            sum += HalfFloats.f16ToFloat((short) (pairs[i] >> Short.SIZE)) * x[n + i];
        }
        return sum;
    }
}
