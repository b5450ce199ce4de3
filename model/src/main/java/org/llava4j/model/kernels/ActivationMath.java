package org.llava4j.model.kernels;

/**
 * Activation functions and their gradients on the first {@code n} values of {@code float[]} rows. An output may be the
 * same array as an input.
 */
interface ActivationMath {

    /** y = silu(gate) * up. */
    void swiGlu(float[] gate, float[] up, float[] y, int n);

    /** dUp = dy gate s and dGate = dy up s (1 + gate (1 - s)), where s = sigmoid(gate). */
    void swiGluGrad(float[] dy, float[] gate, float[] up, float[] dGate, float[] dUp, int n);

    /** y = x sigmoid(1.702 x). */
    void quickGelu(float[] x, float[] y, int n);

    /** dx = dy s (1 + 1.702 x (1 - s)), where s = sigmoid(1.702 x). */
    void quickGeluGrad(float[] dy, float[] x, float[] dx, int n);

    /** y = x cdf(x), the exact GELU; cdf of the standard normal distribution. */
    void gelu(float[] x, float[] y, int n);

    /** dx = dy (cdf(x) + x density(x)). */
    void geluGrad(float[] dy, float[] x, float[] dx, int n);

    /** The factor of CLIP's quick_gelu. */
    float QUICK_GELU_FACTOR = 1.702f;
}
