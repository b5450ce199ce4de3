package org.llava4j.data.image;

/** Image centered in a square of one color, whose side is the longer edge of the image. */
record SquarePadding(RgbRows image, byte red, byte green, byte blue) implements RgbRows {

    @Override
    public int width() {
        return Math.max(image.width(), image.height());
    }

    @Override
    public int height() {
        return width();
    }

    @Override
    public void copyRow(int y, byte[] into) {
        int left = (width() - image.width()) / 2;
        int inside = y - (height() - image.height()) / 2;
        if (inside < 0 || inside >= image.height()) {
            fill(into, 0, width());
            return;
        }
        image.copyRow(inside, into);
        System.arraycopy(into, 0, into, 3 * left, 3 * image.width());
        fill(into, 0, left);
        fill(into, left + image.width(), width());
    }

    private void fill(byte[] row, int from, int to) {
        for (int x = from; x < to; x++) {
            row[3 * x] = red;
            row[3 * x + 1] = green;
            row[3 * x + 2] = blue;
        }
    }
}
