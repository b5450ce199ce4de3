package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;

/** Conversion of a TIFF's samples to RGB with the rules of Pillow. */
final class TiffSamples {
    private static final int BITS_PER_SAMPLE = 258;
    private static final int PHOTOMETRIC = 262;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int COLOR_MAP = 320;
    private static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;
    private static final int FLOAT = 3;
    /** 16 bits of CMYK and alpha. */
    private static final int MAX_BITS_PER_PIXEL = 80;

    private static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CMYK = 5;
    private static final int YCBCR = 6;
    private static final int ASSOCIATED_ALPHA = 1;

    private final int width;
    private final int height;
    private final int photometric;
    private final int bits;
    private final int samples;
    private final boolean premultiplied;
    private final boolean floats;
    private final long[] colorMap;

    TiffSamples(TiffDirectory directory, int width, int height) throws IOException {
        this.width = width;
        this.height = height;
        photometric = (int) directory.value(PHOTOMETRIC, BLACK_IS_ZERO);
        samples = (int) directory.value(SAMPLES_PER_PIXEL, 1);
        long[] depths = directory.values(BITS_PER_SAMPLE);
        bits = depths.length == 0 ? 1 : (int) depths[0];
        floats = directory.value(SAMPLE_FORMAT, 1) == FLOAT;
        premultiplied = directory.value(EXTRA_SAMPLES, 0) == ASSOCIATED_ALPHA;
        colorMap = directory.values(COLOR_MAP);
        int color = photometric == RGB || photometric == YCBCR ? 3 : photometric == CMYK ? 4 : 1;
        boolean known = photometric <= CMYK && photometric != 4 || photometric == YCBCR;
        boolean depthKnown = bits == 8 || bits == 16 || (bits < 8 || bits == 12 || bits == 32) && color == 1;
        if (!known
                || !depthKnown
                || floats && bits != 32
                || samples < color
                || samples * bits > MAX_BITS_PER_PIXEL
                || Arrays.stream(depths).anyMatch(d -> d != bits)) {
            throw new UnsupportedImageException("a TIFF of photometric kind " + photometric + " with " + samples
                    + " samples of " + Arrays.toString(depths) + " bits; convert it to 8-bit RGB");
        }
        if (photometric == PALETTE && (bits > 8 || colorMap.length != 3 << bits)) {
            throw new IOException("it has no valid palette");
        }
    }

    /** Whether the samples are 32-bit floating-point numbers. */
    boolean areFloats() {
        return floats;
    }

    RgbImage toRgb(BufferedImage image) throws IOException {
        Raster raster = image.getRaster();
        int[] grays = grays(image.getColorModel());
        int bands = raster.getNumBands();
        int colors = photometric == CMYK ? 4 : photometric == RGB || photometric == YCBCR ? 3 : 1;
        if (raster.getWidth() != width || raster.getHeight() != height || bands < colors) {
            throw new IOException("its pixels do not match its header");
        }
        if (photometric == CMYK) {
            return CmykToRgb.convert(raster, false, false);
        }
        byte[] rgb = new byte[3 * width * height];
        float[] row = new float[bands * width];
        for (int y = 0, to = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < row.length; x += bands) {
                for (int c = 0; c < 3; c++) {
                    rgb[to++] = (byte) (grays.length > 0 ? grays[(int) row[x]] : value(row, x, c, bands));
                }
            }
        }
        return new RgbImage(width, height, rgb);
    }

    /** Gray by sample where the reader gives a color model for it, which inverts bilevel images; else none. */
    private int[] grays(ColorModel model) {
        if (photometric > BLACK_IS_ZERO || !(model instanceof IndexColorModel indexed)) {
            return new int[0];
        }
        int[] grays = new int[indexed.getMapSize()];
        Arrays.setAll(grays, i -> indexed.getGreen(i));
        return grays;
    }

    private int value(float[] row, int at, int channel, int bands) {
        if (photometric == PALETTE) {
            int index = (int) row[at];
            return (int) (colorMap[(channel << bits) + index] >> 8);
        }
        if (photometric == RGB || photometric == YCBCR) {
            int value = scaled((int) row[at + channel]);
            if (premultiplied && bands > 3) {
                int alpha = scaled((int) row[at + 3]);
                return alpha == 0 ? 0 : Math.min(255, value * 255 / alpha);
            }
            return value;
        }
        if (bits > 8) {
            // The reader inverts all kinds of gray, Pillow only those of up to 8 bits.
            float gray = photometric == WHITE_IS_ZERO && bits == 16 ? 65535 - row[at] : row[at];
            return (int) Math.max(0, Math.min(255, gray));
        }
        return (int) row[at] * 255 / ((1 << bits) - 1);
    }

    private int scaled(int value) {
        return bits == 16 ? value >> 8 : value;
    }
}
