package org.llava4j.model.tensors;

/**
 * Conversion of IEEE 754 binary16 (float16) and bfloat16 bits to and from float. Widening is exact. Narrowing rounds to
 * nearest, ties to even, overflows to infinity and keeps the sign and quiet bit of NaN, as PyTorch and NumPy do.
 */
public final class HalfFloats {
    private HalfFloats() {}

    private static final int F16_EXPONENT_BIAS = 15;
    private static final int F32_EXPONENT_BIAS = 127;
    /** binary32 has 23 bits of fraction, binary16 has 10. */
    private static final int DROPPED_BITS = 13;

    /** Widens float16 bits to float; exact. */
    public static float f16ToFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int fraction = half & 0x3ff;
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | 0x7f800000 | fraction << DROPPED_BITS);
        }
        if (exponent == 0) {
            // Subnormal: fraction * 2^-24, which is exact in float.
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int biased = exponent - F16_EXPONENT_BIAS + F32_EXPONENT_BIAS;
        return Float.intBitsToFloat(sign | biased << 23 | fraction << DROPPED_BITS);
    }

    /** Rounds a float to float16 bits. */
    public static short floatToF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00 | (magnitude >>> DROPPED_BITS & 0x3ff));
        }
        int exponent = (magnitude >>> 23) - F32_EXPONENT_BIAS + F16_EXPONENT_BIAS;
        if (exponent >= 0x1f) {
            return (short) (sign | 0x7c00);
        }
        if (exponent <= 0) {
            // Below 2^-25, half of the smallest subnormal, the result is zero.
            if (exponent < -10) {
                return (short) sign;
            }
            int significand = (magnitude & 0x7fffff) | 0x800000;
            return (short) (sign | shiftRightToEven(significand, DROPPED_BITS + 1 - exponent));
        }
        // A carry out of the fraction increments the exponent, and turns the largest exponent into infinity; both are
        // correct.
        int packed = exponent << 23 | (magnitude & 0x7fffff);
        return (short) (sign | shiftRightToEven(packed, DROPPED_BITS));
    }

    /** Widens bfloat16 bits to float; exact. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Rounds a float to bfloat16 bits. */
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) (bits >>> 16 | 0x40);
        }
        int sign = bits & 0x80000000;
        return (short) (sign >>> 16 | shiftRightToEven(bits & 0x7fffffff, 16));
    }

    private static int shiftRightToEven(int value, int shift) {
        int half = 1 << (shift - 1);
        int lowestKeptBit = value >>> shift & 1;
        return (value + half - 1 + lowestKeptBit) >>> shift;
    }
}
