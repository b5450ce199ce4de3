package org.llava4j.data.image;

import java.util.Arrays;

/** Decoded image, {@code uint8[H, W, 3]}. */
public final class RgbImage implements RgbRows {
    private final int width;
    private final int height;
    private final byte[] rgb;

    /**
     * @param rgb pixels by row, three bytes each; stored without copying
     * @throws IllegalArgumentException if the length does not match the size
     */
    public RgbImage(int width, int height, byte[] rgb) {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    width + " x " + height + " pixels do not match " + rgb.length + " bytes of RGB");
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

    /** A copy of the pixels, {@code uint8[H, W, 3]}. */
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
        return "RGB image " + width + " x " + height;
    }
}
