package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    @Test
    void knownF16ValuesWidenExactly() {
        assertThat(HalfFloats.f16ToFloat((short) 0x3c00)).isEqualTo(1.0f);
        assertThat(HalfFloats.f16ToFloat((short) 0xc000)).isEqualTo(-2.0f);
        assertThat(HalfFloats.f16ToFloat((short) 0x7bff)).isEqualTo(65504.0f);
        assertThat(HalfFloats.f16ToFloat((short) 0x0001)).isEqualTo(0x1p-24f);
        assertThat(HalfFloats.f16ToFloat((short) 0x0400)).isEqualTo(0x1p-14f);
        assertThat(HalfFloats.f16ToFloat((short) 0x3555)).isEqualTo(0x1.554p-2f);
        assertThat(HalfFloats.f16ToFloat((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(Float.floatToRawIntBits(HalfFloats.f16ToFloat((short) 0x8000)))
                .isEqualTo(0x80000000);
        assertThat(HalfFloats.f16ToFloat((short) 0x7e01)).isNaN();
    }

    @Test
    void allBitPatternsRoundTrip() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            short half = (short) bits;
            float f16 = HalfFloats.f16ToFloat(half);
            float bf16 = HalfFloats.bf16ToFloat(half);
            if (!Float.isNaN(f16)) {
                assertThat(HalfFloats.floatToF16(f16)).isEqualTo(half);
            }
            if (!Float.isNaN(bf16)) {
                assertThat(HalfFloats.floatToBf16(bf16)).isEqualTo(half);
            }
        }
    }

    @Test
    void nanKeepsItsSign() {
        for (int bits : new int[] {0x7fc00000, 0x7f800001, 0xffc00000, 0xff800001, 0x7fffffff}) {
            float nan = Float.intBitsToFloat(bits);
            short f16 = HalfFloats.floatToF16(nan);
            short bf16 = HalfFloats.floatToBf16(nan);
            assertThat(HalfFloats.f16ToFloat(f16)).isNaN();
            assertThat(HalfFloats.bf16ToFloat(bf16)).isNaN();
            assertThat(f16 < 0).isEqualTo(bits < 0);
            assertThat(bf16 < 0).isEqualTo(bits < 0);
        }
    }

    @Test
    void f16RoundsToNearestEven() {
        assertThat(HalfFloats.floatToF16(1f + 0x1p-11f)).isEqualTo((short) 0x3c00);
        assertThat(HalfFloats.floatToF16(1f + 3 * 0x1p-11f)).isEqualTo((short) 0x3c02);
        assertThat(HalfFloats.floatToF16(Math.nextUp(1f + 0x1p-11f))).isEqualTo((short) 0x3c01);
        assertThat(HalfFloats.floatToF16(65519.996f)).isEqualTo((short) 0x7bff);
        assertThat(HalfFloats.floatToF16(65520f)).isEqualTo((short) 0x7c00);
        assertThat(HalfFloats.floatToF16(0x1p-25f)).isEqualTo((short) 0);
        assertThat(HalfFloats.floatToF16(Math.nextUp(0x1p-25f))).isEqualTo((short) 1);
        assertThat(HalfFloats.floatToF16(-3 * 0x1p-25f)).isEqualTo((short) 0x8002);
        assertThat(HalfFloats.floatToF16(Math.nextDown(0x1p-14f))).isEqualTo((short) 0x0400);
    }

    @Test
    void bf16RoundsToNearestEven() {
        assertThat(HalfFloats.floatToBf16(1f + 0x1p-8f)).isEqualTo((short) 0x3f80);
        assertThat(HalfFloats.floatToBf16(1f + 3 * 0x1p-8f)).isEqualTo((short) 0x3f82);
        assertThat(HalfFloats.floatToBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
        assertThat(HalfFloats.floatToBf16(-Float.MIN_VALUE)).isEqualTo((short) 0x8000);
    }

    @Test
    void roundedValueIsNearest() {
        Random random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (Float.isNaN(value) || Math.abs(value) > 65504f) {
                continue;
            }
            short half = HalfFloats.floatToF16(value);
            double error = Math.abs((double) HalfFloats.f16ToFloat(half) - value);
            for (int step = -1; step <= 1; step += 2) {
                float neighbor = HalfFloats.f16ToFloat((short) (half + step));
                if (Float.isFinite(neighbor)) {
                    assertThat(error).isLessThanOrEqualTo(Math.abs((double) neighbor - value));
                }
            }
        }
    }
}
