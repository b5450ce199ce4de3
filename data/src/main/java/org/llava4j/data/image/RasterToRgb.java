package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.util.Arrays;

/**
 * Conversion of decoded rasters to RGB bytes with the rules of Pillow's {@code convert("RGB")}: gray is replicated,
 * palettes are looked up, alpha is dropped without blending, 16-bit samples are reduced to their upper 8 bits, and
 * samples of fewer than 8 bits are scaled.
 * Samples are read from the raster, because {@code BufferedImage.getRGB} applies a gamma curve to gray images.
 */
final class RasterToRgb {
    private RasterToRgb() {}

    /** Conversion of 16-bit gray: Pillow loads it as integers and clips them, unless the file has an alpha channel. */
    enum SixteenBitGray {
        CLIP,
        UPPER_BYTE
    }

    static RgbImage convert(BufferedImage image) {
        return convert(image, SixteenBitGray.UPPER_BYTE);
    }

    /**
     * @throws IllegalArgumentException if the samples are not gray or RGB of up to 8 or of 16 bits, or alpha is premultiplied
     */
    static RgbImage convert(BufferedImage image, SixteenBitGray gray16) {
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int[] palette = image.getColorModel() instanceof IndexColorModel indexed ? palette(indexed) : null;
        int[] bits = raster.getSampleModel().getSampleSize();
        boolean is16Bit = bits[0] == 16;
        boolean supported = Arrays.stream(bits).allMatch(b -> is16Bit ? b == 16 : b <= 8);
        if (palette == null && (!supported || bands > 4 || image.isAlphaPremultiplied())) {
            throw new IllegalArgumentException("samples of " + Arrays.toString(bits) + " bits"
                    + (image.isAlphaPremultiplied() ? " multiplied by alpha" : "") + " are not supported");
        }
        boolean gray = bands < 3;
        int shift = is16Bit && !(gray && gray16 == SixteenBitGray.CLIP) ? 8 : 0;
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
                        int band = gray ? 0 : c;
                        value = row[x * bands + band] >>> shift;
                        value = bits[band] < 8 ? value * 255 / ((1 << bits[band]) - 1) : value;
                    }
                    rgb[to++] = (byte) Math.min(value, 255);
                }
            }
        }
        return new RgbImage(width, image.getHeight(), rgb);
    }

    private static int[] palette(IndexColorModel model) {
        int[] colors = new int[model.getMapSize()];
        model.getRGBs(colors);
        return colors;
    }
}
