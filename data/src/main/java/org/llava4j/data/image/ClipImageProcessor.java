package org.llava4j.data.image;

import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/**
 * CLIP image processor: converts an image to the input of the vision tower. It pads (if configured), resizes the
 * shorter edge, crops the center and normalizes. Immutable and thread-safe.
 */
public final class ClipImageProcessor {
    /** The padded square is never stored, but every pixel of it is read. */
    private static final long MAX_PADDED_PIXELS = 4L * ImageFiles.MAX_PIXELS;

    private final ClipPreprocessing settings;
    private final ExifOrientation orientation;
    /** {@code float32[3, 256]}: normalized value of each byte of each channel. */
    private final float[][] normalized;

    /**
     * Creates a processor that leaves images as stored.
     *
     * @param settings sizes, mean, standard deviation and aspect ratio mode
     */
    public ClipImageProcessor(ClipPreprocessing settings) {
        this(settings, ExifOrientation.IGNORE);
    }

    /**
     * @param settings sizes, mean, standard deviation and aspect ratio mode
     * @param orientation treatment of the EXIF orientation of image files
     */
    public ClipImageProcessor(ClipPreprocessing settings, ExifOrientation orientation) {
        this.settings = settings;
        this.orientation = orientation;
        this.normalized = new float[3][256];
        for (int c = 0; c < 3; c++) {
            // The reference implementation rescales in double, rounds to float, then subtracts and divides in float.
            float mean = settings.mean().get(c).floatValue();
            float std = settings.std().get(c).floatValue();
            for (int value = 0; value < 256; value++) {
                normalized[c][value] = ((float) (value * settings.rescaleFactor()) - mean) / std;
            }
        }
    }

    /** The settings of this processor. */
    public ClipPreprocessing settings() {
        return settings;
    }

    /** The treatment of the EXIF orientation of image files. */
    public ExifOrientation orientation() {
        return orientation;
    }

    /**
     * Preprocesses an image file.
     *
     * @return {@code float32[3, S, S]}, flattened
     * @throws BadInputException if the file is missing, damaged, too large, or of an unsupported format
     */
    public float[] process(Path image) {
        RgbImage decoded = ImageFiles.read(image, orientation);
        try {
            return process(decoded);
        } catch (BadInputException e) {
            throw new BadInputException(image + ": " + e.getMessage(), e);
        }
    }

    /** Preprocesses a decoded image; see {@link #process(Path)}. */
    public float[] process(RgbImage image) {
        int side = settings.cropPx();
        byte[] rgb = crop(image).toBytes();
        float[] planes = new float[rgb.length];
        for (int i = 0; i < side * side; i++) {
            for (int c = 0; c < 3; c++) {
                planes[c * side * side + i] = normalized[c][rgb[3 * i + c] & 0xff];
            }
        }
        return planes;
    }

    /**
     * Resizes and crops an image without normalizing it.
     *
     * @return {@code uint8[S, S, 3]}
     */
    public RgbImage crop(RgbImage image) {
        RgbRows source = settings.aspectRatio() == AspectRatio.PAD ? padded(image) : image;
        int side = settings.cropPx();
        long edge = settings.shortestEdgePx();
        long longer = Math.max(source.width(), source.height());
        long shorter = Math.min(source.width(), source.height());
        long stretched = (long) ((double) (edge * longer) / shorter);
        long width = source.width() <= source.height() ? edge : stretched;
        long height = source.width() <= source.height() ? stretched : edge;
        return BicubicResampler.resizeAndCrop(source, width, height, (width - side) / 2, (height - side) / 2, side);
    }

    private RgbRows padded(RgbImage image) {
        if (image.width() == image.height()) {
            return image;
        }
        long side = Math.max(image.width(), image.height());
        if (side * side > MAX_PADDED_PIXELS) {
            throw new BadInputException("padded to a square, " + image.width() + " x " + image.height()
                    + " pixels would become " + side + " x " + side + "; scale the image down");
        }
        return new SquarePadding(image, background(0), background(1), background(2));
    }

    private byte background(int channel) {
        return (byte) (int) (settings.mean().get(channel) * 255);
    }
}
