package org.llava4j.data.image;

import org.llava4j.data.BadInputException;

/**
 * What the header of an encoded image says.
 *
 * @param format file format
 * @param width columns as stored
 * @param height rows as stored
 * @param work time and memory that decoding takes at most, as a number of pixels of an ordinary image
 */
public record ImageHeader(ImageFormat format, int width, int height, long work) {
    /** Number of pixels. */
    public long pixels() {
        return (long) width * height;
    }

    /**
     * Checks the number of pixels.
     *
     * @param name name in the message
     * @throws BadInputException if there are more than {@code maxPixels}
     */
    public void requireAtMost(long maxPixels, String name) {
        if (pixels() > maxPixels) {
            throw new BadInputException(name + " has " + width + " x " + height + " pixels, more than the limit of "
                    + maxPixels + "; scale it down");
        }
    }
}
