package org.llava4j.data.image;

/**
 * Options of decoding an image.
 *
 * @param maxPixels maximum number of pixels, read from the header before memory is allocated
 * @param orientation treatment of the EXIF orientation
 * @param check runs often while an image is decoded; cancels it by throwing a {@link DecodeCancelledException}
 */
public record DecodeOptions(long maxPixels, ExifOrientation orientation, Runnable check) {
    /** {@link ImageFiles#MAX_PIXELS} pixels; cancelled by an interrupt of the thread. */
    public static final DecodeOptions DEFAULT =
            new DecodeOptions(ImageFiles.MAX_PIXELS, ExifOrientation.IGNORE, DecodeOptions::checkInterrupt);

    /** These options with another treatment of the orientation. */
    public DecodeOptions withOrientation(ExifOrientation other) {
        return new DecodeOptions(maxPixels, other, check);
    }

    private static void checkInterrupt() {
        if (Thread.currentThread().isInterrupted()) {
            throw new DecodeCancelledException("decoding was interrupted");
        }
    }
}
