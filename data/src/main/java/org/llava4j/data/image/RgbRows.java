package org.llava4j.data.image;

/** Image that is read row by row, so that padding need not be stored. */
interface RgbRows {
    int width();

    int height();

    /** Writes row {@code y} into the first {@code 3 * width} bytes of {@code into}. */
    void copyRow(int y, byte[] into);
}
