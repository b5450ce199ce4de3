package org.llava4j.data.image;

import java.io.IOException;

/** Encoded image whose header is read. Nothing of the size of its pixels is allocated before {@link #decode}. */
interface ParsedImage {
    ImageSize size();

    default int width() {
        return size().width();
    }

    default int height() {
        return size().height();
    }

    /** Time and memory that decoding takes at most, as a number of pixels of an ordinary image. */
    default long work() {
        return (long) width() * height();
    }

    /** EXIF orientation, 1 to 8; 1 if there is none or {@link #decode} applies it. */
    default int orientation() {
        return 1;
    }

    /**
     * Decodes the pixels as stored.
     *
     * @param check runs often and may throw
     */
    RgbImage decode(Runnable check) throws IOException;
}
