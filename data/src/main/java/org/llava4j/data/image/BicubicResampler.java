package org.llava4j.data.image;

/**
 * Bicubic resize with the arithmetic of Pillow: rows first, then columns, with bytes in between. Only the requested
 * part of the result is computed, so the strips that a center crop removes cost nothing.
 */
final class BicubicResampler {
    private BicubicResampler() {}

    /**
     * Computes the square {@code [top, top + side) x [left, left + side)} of {@code source} resized to {@code outWidth
     * x outHeight}.
     *
     * @return {@code uint8[side, side, 3]}
     */
    static RgbImage resizeAndCrop(RgbRows source, long outWidth, long outHeight, long left, long top, int side) {
        ResamplingAxis columns = new ResamplingAxis(source.width(), outWidth, left, side);
        ResamplingAxis rows = new ResamplingAxis(source.height(), outHeight, top, side);
        int stride = 3 * side;
        byte[] resizedRows = new byte[stride * (rows.end() - rows.begin())];
        byte[] row = new byte[3 * source.width()];
        for (int y = rows.begin(); y < rows.end(); y++) {
            source.copyRow(y, row);
            int at = stride * (y - rows.begin());
            for (int x = 0; x < side; x++) {
                for (int c = 0; c < 3; c++) {
                    resizedRows[at + 3 * x + c] = columns.apply(x, row, 3 * columns.first(x) + c, 3);
                }
            }
        }
        byte[] result = new byte[stride * side];
        for (int y = 0; y < side; y++) {
            int at = stride * (rows.first(y) - rows.begin());
            for (int x = 0; x < stride; x++) {
                result[stride * y + x] = rows.apply(y, resizedRows, at + x, stride);
            }
        }
        return new RgbImage(side, side, result);
    }
}
