package org.llava4j.model.kernels;

import java.util.Arrays;

/**
 * Arithmetic on the first {@code n} values of heap rows: sums, norms, softmax, rotations, the optimiser's update.
 * {@link ScalarRowMath} runs everywhere, {@link VectorRowMath} where the JVM has the Vector API. A row that is the
 * output may be the same array as an input.
 */
interface RowMath {

    float sum(float[] x, int n);

    /** Sum of a[i] b[i]. */
    float dot(float[] a, float[] b, int n);

    /** Sum of a[i] b[i] c[i]. */
    float dot(float[] a, float[] b, float[] c, int n);

    /** The largest value; may overwrite {@link Scratch#PADDING} values behind n. */
    float max(float[] x, int n);

    /** x = exp(x - shift); returns the sum. May overwrite {@link Scratch#PADDING} values behind n. */
    float expShifted(float[] x, float shift, int n);

    /** x *= factor. */
    void scale(float[] x, float factor, int n);

    /** x += amount. */
    void shift(float[] x, float amount, int n);

    /** y = x * factor * w. */
    void scaleBy(float[] x, float factor, float[] w, float[] y, int n);

    /** y = x * factor * w + b. */
    void affine(float[] x, float factor, float[] w, float[] b, float[] y, int n);

    /** y = (dy * w + x * slope + offset) * factor: what the gradients of both norms come down to. */
    void normGrad(float[] dy, float[] w, float[] x, float slope, float offset, float factor, float[] y, int n);

    /** sum += x. */
    void add(float[] x, float[] sum, int n);

    /** sum += a * b * factor. */
    void addProduct(float[] a, float[] b, float factor, float[] sum, int n);

    /**
     * Rotates each head of a row: with halves a and b of the head, (a cos - b sin, b cos + a sin).
     *
     * @param cosSin d/2 cosines, then d/2 sines
     * @param sign 1, or -1 to rotate back
     */
    void rotate(float[] x, float[] cosSin, int headDim, float sign, float[] y, int n);

    /** dp = p * (dp - dot(p, dp)) * scale: from the gradient of probabilities to that of scores. */
    void softmaxGrad(float[] p, float[] dp, float scale, int n);

    /** {@link Kernels#adamW}, on rows of the weight, its gradient and its two moments. */
    void adamW(float[] w, float[] g, float[] m, float[] v, AdamWFactors factors, int n);

    /** x = softmax of the first n, then 0 up to {@code width}. May overwrite {@link Scratch#PADDING} values behind. */
    default void softmax(float[] x, int n, int width) {
        float sum = expShifted(x, max(x, n), n);
        scale(x, 1 / sum, n);
        Arrays.fill(x, n, width, 0f);
    }

    /** The numbers of one AdamW step as float32, each computed in double as PyTorch does. */
    record AdamWFactors(
            float gradScale,
            float decayFactor,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float rootCorrection2,
            float eps,
            float stepSize) {
        static AdamWFactors of(Kernels.AdamWStep step) {
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
