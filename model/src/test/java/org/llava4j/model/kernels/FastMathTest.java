package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.llava4j.model.memory.Scratch;

class FastMathTest {

    @Test
    void expMatchesWithinFewUlps() {
        for (float x = -87; x < 88; x += 0.0137f) {
            double exact = Math.exp(x);
            assertThat(FastMath.exp(x) / exact).as("exp(%s)", x).isCloseTo(1, within(3e-7));
        }
    }

    @Test
    void expClampsRangeAndKeepsNaN() {
        assertThat(FastMath.exp(0)).isEqualTo(1);
        assertThat(FastMath.exp(-1000)).isBetween(0f, 2e-38f);
        assertThat(FastMath.exp(Float.NEGATIVE_INFINITY)).isBetween(0f, 2e-38f);
        assertThat(FastMath.exp(1000)).isGreaterThan(3e38f);
        assertThat(FastMath.exp(Float.NaN)).isNaN();
    }

    @Test
    void normalCdfMatchesNumericIntegral() {
        // Simpson's rule from -12, in double.
        int steps = 24_000;
        double h = 24.0 / steps;
        double cdf = 0;
        for (int i = 0; i < steps; i++) {
            double x = -12 + i * h;
            if (i % 50 == 0) {
                float value = FastMath.normalCdf((float) x, (float) Math.exp(-x * x / 2));
                assertThat((double) value).as("cdf(%s)", x).isCloseTo(cdf, within(2e-7));
            }
            cdf += h / 6 * (density(x) + 4 * density(x + h / 2) + density(x + h));
        }
    }

    private static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    @Test
    void vectorAndScalarAgreeForEveryLength() {
        assertThat(MathBackend.hasVectorApi())
                .as("tests run with jdk.incubator.vector")
                .isTrue();
        RowMath plain = MathBackend.scalar().rows();
        RowMath vector = MathBackend.bestAvailable().rows();
        for (int n = 1; n < 70; n++) {
            float[] a = values(n, 1);
            float[] b = values(n, 1);
            float plainSum = plain.expShifted(a, plain.max(a, n), n);
            float vectorSum = vector.expShifted(b, vector.max(b, n), n);
            assertThat(vectorSum / plainSum).as("sum of %d", n).isCloseTo(1, within(1e-6f));
            for (int i = 0; i < n; i++) {
                assertThat(b[i]).as("value %d of %d", i, n).isEqualTo(a[i]);
            }
        }
    }

    private static float[] values(int n, int seed) {
        float[] values = new float[n + Scratch.PADDING];
        for (int i = 0; i < n; i++) {
            values[i] = (float) Math.sin(seed + 7.3 * i) * 9;
        }
        return values;
    }
}
