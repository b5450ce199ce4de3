package org.llava4j.model.kernels;

/**
 * Activations and their gradients on the first {@code n} values of heap rows. An output may be the same array as an
 * input.
 */
interface ActivationMath {

    /** y = silu(gate) * up. */
    void swiGlu(float[] gate, float[] up, float[] y, int n);

    /** With s = sigmoid(gate): dUp = dy gate s; dGate = dy up s (1 + gate (1 - s)). */
    void swiGluGrad(float[] dy, float[] gate, float[] up, float[] dGate, float[] dUp, int n);

    /** y = x sigmoid(1.702 x). */
    void quickGelu(float[] x, float[] y, int n);

    void quickGeluGrad(float[] dy, float[] x, float[] dx, int n);

    /** y = x cdf(x), cdf of the normal distribution. */
    void gelu(float[] x, float[] y, int n);

    /** dx = dy (cdf(x) + x density(x)). */
    void geluGrad(float[] dy, float[] x, float[] dx, int n);

    /** The factor of quick_gelu (CLIP). */
    float QUICK_GELU_FACTOR = 1.702f;
}
