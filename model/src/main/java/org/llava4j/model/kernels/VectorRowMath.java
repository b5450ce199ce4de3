package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.VectorFastMath.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link RowMath} with the Vector API; values after the last full vector are computed one by one. */
final class VectorRowMath implements RowMath {

    @Override
    public float sum(float[] x, int n) {
        FloatVector sums = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            sums = sums.add(FloatVector.fromArray(SPECIES, x, i));
        }
        float sum = VectorFastMath.sum(sums);
        for (int i = end; i < n; i++) {
            sum += x[i];
        }
        return sum;
    }

    @Override
    public float dot(float[] a, float[] b, int n) {
        FloatVector sums = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            sums = sums.add(FloatVector.fromArray(SPECIES, a, i).mul(FloatVector.fromArray(SPECIES, b, i)));
        }
        float sum = VectorFastMath.sum(sums);
        for (int i = end; i < n; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Override
    public float dot(float[] a, float[] b, float[] c, int n) {
        FloatVector sums = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector ab = FloatVector.fromArray(SPECIES, a, i).mul(FloatVector.fromArray(SPECIES, b, i));
            sums = sums.add(ab.mul(FloatVector.fromArray(SPECIES, c, i)));
        }
        float sum = VectorFastMath.sum(sums);
        for (int i = end; i < n; i++) {
            sum += a[i] * b[i] * c[i];
        }
        return sum;
    }

    @Override
    public float max(float[] x, int n) {
        int end = fillLastVector(x, n);
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < end; i += SPECIES.length()) {
            max = max.max(FloatVector.fromArray(SPECIES, x, i));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    @Override
    public float expShifted(float[] x, float shift, int n) {
        int end = fillLastVector(x, n);
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector e =
                    VectorFastMath.exp(FloatVector.fromArray(SPECIES, x, i).sub(shift));
            e.intoArray(x, i);
            sums = sums.add(e);
        }
        return VectorFastMath.sum(sums);
    }

    /** Fills up the last vector after n with minus infinity, whose exponential is 0. Returns the end of that vector. */
    private static int fillLastVector(float[] x, int n) {
        int end = (n + SPECIES.length() - 1) / SPECIES.length() * SPECIES.length();
        Arrays.fill(x, n, end, Float.NEGATIVE_INFINITY);
        return end;
    }

    @Override
    public void scale(float[] x, float factor, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, x, i).mul(factor).intoArray(x, i);
        }
        for (int i = end; i < n; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void shift(float[] x, float amount, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, x, i).add(amount).intoArray(x, i);
        }
        for (int i = end; i < n; i++) {
            x[i] += amount;
        }
    }

    @Override
    public void scaleBy(float[] x, float factor, float[] w, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, x, i)
                    .mul(factor)
                    .mul(FloatVector.fromArray(SPECIES, w, i))
                    .intoArray(y, i);
        }
        for (int i = end; i < n; i++) {
            y[i] = x[i] * factor * w[i];
        }
    }

    @Override
    public void affine(float[] x, float factor, float[] w, float[] b, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, x, i)
                    .mul(factor)
                    .mul(FloatVector.fromArray(SPECIES, w, i))
                    .add(FloatVector.fromArray(SPECIES, b, i))
                    .intoArray(y, i);
        }
        for (int i = end; i < n; i++) {
            y[i] = x[i] * factor * w[i] + b[i];
        }
    }

    @Override
    public void normGrad(float[] dy, float[] w, float[] x, float slope, float offset, float factor, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector g = FloatVector.fromArray(SPECIES, dy, i).mul(FloatVector.fromArray(SPECIES, w, i));
            FloatVector.fromArray(SPECIES, x, i)
                    .mul(slope)
                    .add(g)
                    .add(offset)
                    .mul(factor)
                    .intoArray(y, i);
        }
        for (int i = end; i < n; i++) {
            y[i] = (dy[i] * w[i] + x[i] * slope + offset) * factor;
        }
    }

    @Override
    public void add(float[] x, float[] sum, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, x, i)
                    .add(FloatVector.fromArray(SPECIES, sum, i))
                    .intoArray(sum, i);
        }
        for (int i = end; i < n; i++) {
            sum[i] += x[i];
        }
    }

    @Override
    public void addProduct(float[] a, float[] b, float factor, float[] sum, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, a, i)
                    .mul(FloatVector.fromArray(SPECIES, b, i))
                    .mul(factor)
                    .add(FloatVector.fromArray(SPECIES, sum, i))
                    .intoArray(sum, i);
        }
        for (int i = end; i < n; i++) {
            sum[i] += a[i] * b[i] * factor;
        }
    }

    @Override
    public void rotate(float[] x, float[] cosSin, int headDim, float sign, float[] y, int n) {
        int half = headDim / 2;
        int end = SPECIES.loopBound(half);
        for (int head = 0; head < n; head += headDim) {
            for (int i = 0; i < end; i += SPECIES.length()) {
                FloatVector cos = FloatVector.fromArray(SPECIES, cosSin, i);
                FloatVector sin =
                        FloatVector.fromArray(SPECIES, cosSin, half + i).mul(sign);
                FloatVector a = FloatVector.fromArray(SPECIES, x, head + i);
                FloatVector b = FloatVector.fromArray(SPECIES, x, head + half + i);
                a.mul(cos).sub(b.mul(sin)).intoArray(y, head + i);
                b.mul(cos).add(a.mul(sin)).intoArray(y, head + half + i);
            }
            ScalarRowMath.rotateHead(x, cosSin, half, sign, y, head, end);
        }
    }

    @Override
    public void softmaxGrad(float[] p, float[] dp, float scale, int n) {
        float dot = dot(p, dp, n);
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, dp, i)
                    .sub(dot)
                    .mul(FloatVector.fromArray(SPECIES, p, i))
                    .mul(scale)
                    .intoArray(dp, i);
        }
        for (int i = end; i < n; i++) {
            dp[i] = p[i] * (dp[i] - dot) * scale;
        }
    }

    @Override
    public void adamW(float[] w, float[] g, float[] m, float[] v, AdamWFactors f, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector gradient = FloatVector.fromArray(SPECIES, g, i).mul(f.gradScale());
            FloatVector mean = FloatVector.fromArray(SPECIES, m, i);
            mean = mean.add(gradient.sub(mean).mul(f.oneMinusBeta1()));
            FloatVector variance = FloatVector.fromArray(SPECIES, v, i).mul(f.beta2());
            variance = variance.add(gradient.mul(gradient).mul(f.oneMinusBeta2()));
            FloatVector denominator = variance.lanewise(VectorOperators.SQRT)
                    .div(f.rootCorrection2())
                    .add(f.eps());
            mean.intoArray(m, i);
            variance.intoArray(v, i);
            FloatVector.fromArray(SPECIES, w, i)
                    .mul(f.decayFactor())
                    .sub(mean.div(denominator).mul(f.stepSize()))
                    .intoArray(w, i);
        }
        ScalarRowMath.adamWFrom(end, w, g, m, v, f, n);
    }
}
