package org.llava4j.model.kernels;

/** {@link Int8Math} in plain Java. */
final class ScalarInt8Math implements Int8Math {

    @Override
    public float dot(int[] quads, int at, float[] x, int n) {
        return dotFrom(0, quads, at, x, n);
    }

    static float dotFrom(int first, int[] quads, int at, float[] x, int n) {
        float sum = 0;
        for (int i = first; i < n; i++) {
            int quad = quads[at + i];
            sum += (byte) quad * x[i]
                    + (byte) (quad >> 8) * x[n + i]
                    + (byte) (quad >> 16) * x[2 * n + i]
                    + (quad >> 24) * x[3 * n + i];
        }
        return sum;
    }

    @Override
    public void dequantize(byte[] from, int at, float factor, float[] to, int n) {
        dequantizeFrom(0, from, at, factor, to, n);
    }

    static void dequantizeFrom(int first, byte[] from, int at, float factor, float[] to, int n) {
        for (int i = first; i < n; i++) {
            to[i] = from[at + i] * factor;
        }
    }
}
