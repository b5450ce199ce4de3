package org.llava4j.model.kernels;

/**
 * Scalar float32 approximations of exp, sigmoid and the normal CDF; the vector version uses the same polynomials. The
 * error is a few units in the last place, as small as the rounding of float32 sums of such values. NaN stays NaN.
 *
 * <p>The coefficients are weighted least-squares fits on Chebyshev nodes, iterated towards equal errors.
 */
final class FastMath {
    /** Range of arguments: results below are treated as 0 (2^-126), results above as infinity. */
    static final float EXP_LOWEST = -87.33f;

    static final float EXP_HIGHEST = 88.7f;

    static final float LOG2_E = 1.44269504f;
    /** ln 2 in two parts; a small integer times the first is exact. */
    static final float LN2_HIGH = 0.693359375f;

    static final float LN2_LOW = -2.12194440e-4f;
    /** 1.5 * 2^23: adding it rounds to an integer, which is then in the lowest bits. */
    static final float ROUND = 12582912f;
    /** Bit position of the exponent field of a float. */
    static final int EXPONENT_SHIFT = 23;

    /** exp(r) = 1 + r + r^2 (E2 + E3 r + ...) for |r| up to ln(2)/2, relative error 3e-9. */
    static final float E2 = 0.49999994f;

    static final float E3 = 0.1666652f;
    static final float E4 = 0.041668393f;
    static final float E5 = 0.008368781f;
    static final float E6 = 0.0013814467f;

    static final float SQRT_HALF = 0.70710678f;
    static final float INVERSE_SQRT_TWO_PI = 0.39894228f;

    /** erfc(z) = exp(-z^2) t (C0 + C1 t + ...) with t = 1 / (1 + z/2), for z from 0 to 9.5, relative error 4e-8. */
    static final float C0 = 0.28208768f;

    static final float C1 = 0.28235346f;
    static final float C2 = 0.24326113f;
    static final float C3 = 0.20206936f;
    static final float C4 = -0.025176574f;
    static final float C5 = 0.27597657f;
    static final float C6 = -0.48538235f;
    static final float C7 = 0.28370133f;
    static final float C8 = -0.058890648f;

    private FastMath() {}

    /** e^x. */
    static float exp(float x) {
        // x = n ln 2 + r; e^r by the polynomial, and n added to its exponent.
        float clamped = x < EXP_LOWEST ? EXP_LOWEST : x > EXP_HIGHEST ? EXP_HIGHEST : x;
        float shifted = clamped * LOG2_E + ROUND;
        float n = shifted - ROUND;
        float r = clamped - n * LN2_HIGH - n * LN2_LOW;
        float p = ((((E6 * r + E5) * r + E4) * r + E3) * r + E2) * r * r + r + 1;
        return Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << EXPONENT_SHIFT));
    }

    /** 1 / (1 + e^-x). */
    static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }

    /**
     * The standard normal CDF at x.
     *
     * @param density e^(-x^2/2)
     */
    static float normalCdf(float x, float density) {
        float t = 1 / (1 + 0.5f * SQRT_HALF * Math.abs(x));
        float q = ((((((((C8 * t + C7) * t + C6) * t + C5) * t + C4) * t + C3) * t + C2) * t + C1) * t + C0) * t;
        float tail = 0.5f * density * q;
        return x > 0 ? 1 - tail : tail;
    }
}
