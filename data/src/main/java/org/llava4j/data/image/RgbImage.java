package org.llava4j.data.image;

import java.util.Arrays;

/** A decoded picture, {@code uint8[H, W, 3]}. */
public final class RgbImage implements RgbRows {
    private final int width;
    private final int height;
    private final byte[] rgb;

    /**
     * @param rgb row by row, three bytes a pixel; kept, not copied
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public RgbImage(int width, int height, byte[] rgb) {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    width + " x " + height + " pixels do not fit " + rgb.length + " bytes of RGB");
        }
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** All bytes, {@code uint8[H, W, 3]}, as a copy. */
    public byte[] toBytes() {
        return rgb.clone();
    }

    @Override
    public void copyRow(int y, byte[] into) {
        System.arraycopy(rgb, 3 * width * y, into, 0, 3 * width);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage that && width == that.width && Arrays.equals(rgb, that.rgb);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "RGB picture of " + width + " x " + height;
    }
}
