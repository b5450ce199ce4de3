package org.llava4j.model.kernels;

/** {@link RowMath} in plain Java. Sums accumulate in double: one chain of float additions would lose precision. */
final class ScalarRowMath implements RowMath {

    @Override
    public float sum(float[] x, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[i];
        }
        return (float) sum;
    }

    @Override
    public float dot(float[] a, float[] b, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[i] * b[i];
        }
        return (float) sum;
    }

    @Override
    public float dot(float[] a, float[] b, float[] c, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[i] * b[i] * c[i];
        }
        return (float) sum;
    }

    @Override
    public float max(float[] x, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    @Override
    public float expShifted(float[] x, float shift, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            x[i] = FastMath.exp(x[i] - shift);
            sum += x[i];
        }
        return (float) sum;
    }

    @Override
    public void scale(float[] x, float factor, int n) {
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void shift(float[] x, float amount, int n) {
        for (int i = 0; i < n; i++) {
            x[i] += amount;
        }
    }

    @Override
    public void scaleBy(float[] x, float factor, float[] w, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * factor * w[i];
        }
    }

    @Override
    public void affine(float[] x, float factor, float[] w, float[] b, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * factor * w[i] + b[i];
        }
    }

    @Override
    public void normGrad(float[] dy, float[] w, float[] x, float slope, float offset, float factor, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = (dy[i] * w[i] + x[i] * slope + offset) * factor;
        }
    }

    @Override
    public void add(float[] x, float[] sum, int n) {
        for (int i = 0; i < n; i++) {
            sum[i] += x[i];
        }
    }

    @Override
    public void addProduct(float[] a, float[] b, float factor, float[] sum, int n) {
        for (int i = 0; i < n; i++) {
            sum[i] += a[i] * b[i] * factor;
        }
    }

    @Override
    public void rotate(float[] x, float[] cosSin, int headDim, float sign, float[] y, int n) {
        int half = headDim / 2;
        for (int head = 0; head < n; head += headDim) {
            rotateHead(x, cosSin, half, sign, y, head, 0);
        }
    }

    /** Rotates one head, starting at pair {@code first}; the vector implementation uses it for the rest of a head. */
    static void rotateHead(float[] x, float[] cosSin, int half, float sign, float[] y, int head, int first) {
        for (int i = first; i < half; i++) {
            float cos = cosSin[i];
            float sin = cosSin[half + i] * sign;
            float a = x[head + i];
            float b = x[head + half + i];
            y[head + i] = a * cos - b * sin;
            y[head + half + i] = b * cos + a * sin;
        }
    }

    @Override
    public void softmaxGrad(float[] p, float[] dp, float scale, int n) {
        float dot = dot(p, dp, n);
        for (int i = 0; i < n; i++) {
            dp[i] = p[i] * (dp[i] - dot) * scale;
        }
    }

    @Override
    public void adamW(float[] w, float[] g, float[] m, float[] v, AdamWFactors f, int n) {
        adamWFrom(0, w, g, m, v, f, n);
    }

    /** The update from index {@code from} on; the vector implementation uses it for the rest of a row. */
    static void adamWFrom(int from, float[] w, float[] g, float[] m, float[] v, AdamWFactors f, int n) {
        for (int i = from; i < n; i++) {
            float gradient = g[i] * f.gradScale();
            m[i] += (gradient - m[i]) * f.oneMinusBeta1();
            v[i] = v[i] * f.beta2() + gradient * gradient * f.oneMinusBeta2();
            float denominator = (float) Math.sqrt(v[i]) / f.rootCorrection2() + f.eps();
            w[i] = w[i] * f.decayFactor() - m[i] / denominator * f.stepSize();
        }
    }
}
