package org.llava4j.model.kernels;

/**
 * {@link ActivationMath} in plain Java. Each method has a variant that starts at an index: the vector implementation
 * uses it for the values after its last full vector.
 */
final class ScalarActivationMath implements ActivationMath {

    @Override
    public void swiGlu(float[] gate, float[] up, float[] y, int n) {
        swiGluFrom(0, gate, up, y, n);
    }

    static void swiGluFrom(int from, float[] gate, float[] up, float[] y, int n) {
        for (int i = from; i < n; i++) {
            y[i] = gate[i] * FastMath.sigmoid(gate[i]) * up[i];
        }
    }

    @Override
    public void swiGluGrad(float[] dy, float[] gate, float[] up, float[] dGate, float[] dUp, int n) {
        swiGluGradFrom(0, dy, gate, up, dGate, dUp, n);
    }

    static void swiGluGradFrom(int from, float[] dy, float[] gate, float[] up, float[] dGate, float[] dUp, int n) {
        for (int i = from; i < n; i++) {
            float s = FastMath.sigmoid(gate[i]);
            float g = gate[i];
            float u = up[i];
            float d = dy[i];
            dUp[i] = d * g * s;
            dGate[i] = d * u * s * (1 + g * (1 - s));
        }
    }

    @Override
    public void quickGelu(float[] x, float[] y, int n) {
        quickGeluFrom(0, x, y, n);
    }

    static void quickGeluFrom(int from, float[] x, float[] y, int n) {
        for (int i = from; i < n; i++) {
            y[i] = x[i] * FastMath.sigmoid(QUICK_GELU_FACTOR * x[i]);
        }
    }

    @Override
    public void quickGeluGrad(float[] dy, float[] x, float[] dx, int n) {
        quickGeluGradFrom(0, dy, x, dx, n);
    }

    static void quickGeluGradFrom(int from, float[] dy, float[] x, float[] dx, int n) {
        for (int i = from; i < n; i++) {
            float s = FastMath.sigmoid(QUICK_GELU_FACTOR * x[i]);
            dx[i] = dy[i] * s * (1 + QUICK_GELU_FACTOR * x[i] * (1 - s));
        }
    }

    @Override
    public void gelu(float[] x, float[] y, int n) {
        geluFrom(0, x, y, n);
    }

    static void geluFrom(int from, float[] x, float[] y, int n) {
        for (int i = from; i < n; i++) {
            y[i] = x[i] * FastMath.normalCdf(x[i], FastMath.exp(-0.5f * x[i] * x[i]));
        }
    }

    @Override
    public void geluGrad(float[] dy, float[] x, float[] dx, int n) {
        geluGradFrom(0, dy, x, dx, n);
    }

    static void geluGradFrom(int from, float[] dy, float[] x, float[] dx, int n) {
        for (int i = from; i < n; i++) {
            float e = FastMath.exp(-0.5f * x[i] * x[i]);
            dx[i] = dy[i] * (FastMath.normalCdf(x[i], e) + x[i] * e * FastMath.INVERSE_SQRT_TWO_PI);
        }
    }
}
