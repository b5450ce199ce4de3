package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.util.Arrays;

/**
 * Samples of a decoded picture to RGB bytes, as Pillow's {@code convert("RGB")}: grey is repeated, a palette looked
 * up, alpha dropped without blending, 16 bits cut to their upper 8. The samples are taken from the raster, since
 * {@code BufferedImage.getRGB} passes grey through a gamma curve.
 */
final class RasterToRgb {
    private RasterToRgb() {}

    /** What to do with 16-bit grey: Pillow keeps such pictures as whole numbers and clips them, unless alpha is stored. */
    enum SixteenBitGray {
        CLIP,
        UPPER_BYTE
    }

    static RgbImage convert(BufferedImage image) {
        return convert(image, SixteenBitGray.UPPER_BYTE);
    }

    /**
     * @throws IllegalArgumentException if the samples are not 8 or 16 bits of grey or RGB, or alpha is multiplied in
     */
    static RgbImage convert(BufferedImage image, SixteenBitGray deepGrey) {
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int[] palette = image.getColorModel() instanceof IndexColorModel indexed ? palette(indexed) : null;
        int[] bits = raster.getSampleModel().getSampleSize();
        boolean deep = bits[0] == 16;
        boolean uniform = Arrays.stream(bits).allMatch(b -> b == bits[0]) && (deep || bits[0] == 8);
        if (palette == null && (!uniform || bands > 4 || image.isAlphaPremultiplied())) {
            throw new IllegalArgumentException("samples of " + Arrays.toString(bits) + " bits"
                    + (image.isAlphaPremultiplied() ? " multiplied by alpha" : "") + " are not supported");
        }
        boolean grey = bands < 3;
        int shift = deep && !(grey && deepGrey == SixteenBitGray.CLIP) ? 8 : 0;
        int width = image.getWidth();
        byte[] rgb = new byte[3 * width * image.getHeight()];
        int[] row = new int[width * bands];
        for (int y = 0, to = 0; y < image.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    int value;
                    if (palette != null) {
                        value = palette[row[x]] >>> (16 - 8 * c) & 0xff;
                    } else {
                        value = row[x * bands + (grey ? 0 : c)] >>> shift;
                    }
                    rgb[to++] = (byte) Math.min(value, 255);
                }
            }
        }
        return new RgbImage(width, image.getHeight(), rgb);
    }

    private static int[] palette(IndexColorModel model) {
        int[] colours = new int[model.getMapSize()];
        model.getRGBs(colours);
        return colours;
    }
}
