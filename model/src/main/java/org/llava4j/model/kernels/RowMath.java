package org.llava4j.model.kernels;

import java.util.Arrays;

/**
 * Arithmetic on the first {@code n} values of {@code float[]} rows: sums, norms, softmax, rotary embedding, the AdamW
 * update. {@link ScalarRowMath} runs on any JVM, {@link VectorRowMath} needs the Vector API. An output row may be the
 * same array as an input.
 */
interface RowMath {

    /** Sum of x[i]. */
    float sum(float[] x, int n);

    /** Sum of a[i] b[i]. */
    float dot(float[] a, float[] b, int n);

    /** Sum of a[i] b[i] c[i]. */
    float dot(float[] a, float[] b, float[] c, int n);

    /** The largest value. May overwrite {@code Scratch.PADDING} values after n. */
    float max(float[] x, int n);

    /** x = exp(x - shift); returns the sum. May overwrite {@code Scratch.PADDING} values after n. */
    float expShifted(float[] x, float shift, int n);

    /** x *= factor. */
    void scale(float[] x, float factor, int n);

    /** x += amount. */
    void shift(float[] x, float amount, int n);

    /** y = x * factor * w. */
    void scaleBy(float[] x, float factor, float[] w, float[] y, int n);

    /** y = x * factor * w + b. */
    void affine(float[] x, float factor, float[] w, float[] b, float[] y, int n);

    /** y = (dy * w + x * slope + offset) * factor: the common form of the input gradients of both norms. */
    void normGrad(float[] dy, float[] w, float[] x, float slope, float offset, float factor, float[] y, int n);

    /** sum += x. */
    void add(float[] x, float[] sum, int n);

    /** sum += a * b * factor. */
    void addProduct(float[] a, float[] b, float factor, float[] sum, int n);

    /**
     * Rotary embedding: maps the halves a and b of each head to (a cos - b sin, b cos + a sin).
     *
     * @param cosSin d/2 cosines, then d/2 sines
     * @param sign 1, or -1 for the inverse rotation
     */
    void rotate(float[] x, float[] cosSin, int headDim, float sign, float[] y, int n);

    /** Backward pass of softmax: dp = p * (dp - dot(p, dp)) * scale. */
    void softmaxGrad(float[] p, float[] dp, float scale, int n);

    /** {@link OptimizerKernels#adamW} on one row of the weight, its gradient and its two moments. */
    void adamW(float[] w, float[] g, float[] m, float[] v, AdamWFactors factors, int n);

    /**
     * Softmax of the first n values, then 0 up to {@code width}. May overwrite {@code Scratch.PADDING} values after n.
     */
    default void softmax(float[] x, int n, int width) {
        float sum = expShifted(x, max(x, n), n);
        scale(x, 1 / sum, n);
        Arrays.fill(x, n, width, 0f);
    }

    /** Factors of one AdamW step as float32, each computed in double as PyTorch does. */
    record AdamWFactors(
            float gradScale,
            float decayFactor,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float rootCorrection2,
            float eps,
            float stepSize) {
        static AdamWFactors of(OptimizerKernels.AdamWStep step) {
            return new AdamWFactors(
                    (float) step.gradScale(),
                    (float) (1 - step.rate() * step.weightDecay()),
                    (float) (1 - step.beta1()),
                    (float) step.beta2(),
                    (float) (1 - step.beta2()),
                    (float) Math.sqrt(1 - Math.pow(step.beta2(), step.step())),
                    (float) step.eps(),
                    (float) (step.rate() / (1 - Math.pow(step.beta1(), step.step()))));
        }
    }
}
