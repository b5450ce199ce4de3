package org.llava4j.data.image;

/** Turns images upright by their EXIF orientation. */
final class OrientationTransform {
    private OrientationTransform() {}

    /**
     * The upright image.
     *
     * @param orientation EXIF's value; the image is returned unchanged for 1 and unknown values
     */
    static RgbImage apply(RgbImage image, int orientation) {
        if (orientation < 2 || orientation > 8) {
            return image;
        }
        boolean transposed = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int width = transposed ? image.height() : image.width();
        int height = transposed ? image.width() : image.height();
        byte[] rgb = new byte[3 * width * height];
        byte[] row = new byte[3 * image.width()];
        for (int y = 0; y < image.height(); y++) {
            image.copyRow(y, row);
            int toY = fromBottom ? image.height() - 1 - y : y;
            for (int x = 0; x < image.width(); x++) {
                int toX = fromRight ? image.width() - 1 - x : x;
                int to = 3 * (transposed ? toX * width + toY : toY * width + toX);
                System.arraycopy(row, 3 * x, rgb, to, 3);
            }
        }
        return new RgbImage(width, height, rgb);
    }
}
