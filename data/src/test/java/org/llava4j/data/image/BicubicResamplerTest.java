package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BicubicResamplerTest {
    @Test
    void resizeToSameSizeKeepsPixels() {
        RgbImage noise = noise(31, 31);
        assertThat(BicubicResampler.resizeAndCrop(noise, 31, 31, 0, 0, 31)).isEqualTo(noise);
    }

    @Test
    void resizeKeepsUniformColor() {
        byte[] rgb = new byte[3 * 19 * 7];
        Arrays.fill(rgb, (byte) 203);
        RgbImage flat = new RgbImage(19, 7, rgb);
        for (int side : new int[] {1, 2, 5, 7, 50, 333}) {
            byte[] resized =
                    BicubicResampler.resizeAndCrop(flat, side, side, 0, 0, side).toBytes();
            assertThat(resized).containsOnly((byte) 203);
        }
    }

    @Test
    void cropEqualsPartOfWholeResize() {
        RgbImage noise = noise(90, 90);
        byte[] whole = BicubicResampler.resizeAndCrop(noise, 40, 40, 0, 0, 40).toBytes();
        byte[] part = BicubicResampler.resizeAndCrop(noise, 40, 40, 9, 15, 20).toBytes();
        for (int y = 0; y < 20; y++) {
            int from = 3 * (40 * (y + 15) + 9);
            assertThat(Arrays.copyOfRange(part, 60 * y, 60 * y + 60))
                    .isEqualTo(Arrays.copyOfRange(whole, from, from + 60));
        }
    }

    @Test
    void overshootIsClipped() {
        byte[] rgb = new byte[3 * 8 * 8];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3 % 8 < 4 ? 0 : 255);
        }
        byte[] resized = BicubicResampler.resizeAndCrop(new RgbImage(8, 8, rgb), 64, 64, 0, 0, 64)
                .toBytes();
        for (int x = 0; x < 64; x++) {
            int value = resized[3 * x] & 0xff;
            assertThat(value).isBetween(x < 28 ? 0 : x < 36 ? 0 : 240, x < 28 ? 15 : 255);
        }
    }

    private static RgbImage noise(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(3).nextBytes(rgb);
        return new RgbImage(width, height, rgb);
    }
}
