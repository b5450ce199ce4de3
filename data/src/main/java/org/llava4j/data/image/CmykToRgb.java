package org.llava4j.data.image;

import java.awt.image.Raster;

/** Conversion of CMYK and YCCK samples to RGB with the arithmetic of libjpeg and Pillow. */
final class CmykToRgb {
    private static final int FRACTION_BITS = 16;
    private static final int HALF = 1 << (FRACTION_BITS - 1);

    private CmykToRgb() {}

    /**
     * Converts a raster of at least four bands of 8 or 16 bits; of 16 bits the upper 8 count.
     *
     * @param ycck whether the first three are YCbCr
     * @param inverted whether full ink is 0, as Adobe's files store it
     */
    static RgbImage convert(Raster raster, boolean ycck, boolean inverted) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        byte[] rgb = new byte[3 * width * height];
        int bands = raster.getNumBands();
        int shift = raster.getSampleModel().getSampleSize(0) - 8;
        int[] row = new int[bands * width];
        int[] cmy = new int[3];
        for (int y = 0, to = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int i = 0; i < row.length; i++) {
                row[i] >>= shift;
            }
            for (int x = 0; x < row.length; x += bands) {
                if (ycck) {
                    toCmy(row, x, cmy);
                } else {
                    System.arraycopy(row, x, cmy, 0, 3);
                }
                int white = inverted ? row[x + 3] : 255 - row[x + 3];
                for (int c = 0; c < 3; c++) {
                    int ink = inverted ? 255 - cmy[c] : cmy[c];
                    rgb[to++] = (byte) clip(white - multiply(ink, white));
                }
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static void toCmy(int[] ycc, int at, int[] cmy) {
        int luma = ycc[at];
        int cb = ycc[at + 1] - 128;
        int cr = ycc[at + 2] - 128;
        cmy[0] = 255 - clip(luma + (fixed(1.40200) * cr + HALF >> FRACTION_BITS));
        cmy[1] = 255 - clip(luma + (-fixed(0.34414) * cb - fixed(0.71414) * cr + HALF >> FRACTION_BITS));
        cmy[2] = 255 - clip(luma + (fixed(1.77200) * cb + HALF >> FRACTION_BITS));
    }

    private static int fixed(double value) {
        return (int) (value * (1 << FRACTION_BITS) + 0.5);
    }

    /** Pillow's rounded {@code a * b / 255}. */
    private static int multiply(int a, int b) {
        int product = a * b + 128;
        return (product >> 8) + product >> 8;
    }

    private static int clip(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
