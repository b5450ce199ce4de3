package org.llava4j.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Windows or OS/2 bitmap, uncompressed or run-length encoded. */
final class BmpImage implements ParsedImage {
    private static final int OS2_HEADER_BYTES = 12;
    private static final int WINDOWS_HEADER_BYTES = 40;
    private static final int HEADER_AT = 14;
    private static final int IMAGE_SIZE_AT = 34;
    private static final int COLORS_AT = 46;
    private static final int BIT_FIELDS = 3;

    private final byte[] bytes;
    private final ByteBuffer data;
    private final boolean os2;

    BmpImage(byte[] bytes) throws IOException {
        this.bytes = bytes.clone();
        this.data = ByteBuffer.wrap(this.bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER_AT + OS2_HEADER_BYTES) {
            throw new TruncatedImageException();
        }
        int header = data.getInt(HEADER_AT);
        os2 = header == OS2_HEADER_BYTES;
        if (!os2 && header < WINDOWS_HEADER_BYTES || header > 124) {
            throw new IOException("its header has " + header + " bytes");
        }
        if (bytes.length < HEADER_AT + header) {
            throw new TruncatedImageException();
        }
        if (width() < 1 || height() < 1) {
            throw new IOException("it has no pixels");
        }
        if (!os2) {
            checkSizes();
        }
    }

    /** The reader allocates what these fields say. */
    private void checkSizes() throws IOException {
        int compression = data.getInt(30);
        if (compression < 0 || compression > BIT_FIELDS) {
            throw new UnsupportedImageException("a BMP with compression " + compression + "; save it as PNG");
        }
        int colors = data.getInt(COLORS_AT);
        if (colors < 0 || colors > 256) {
            data.putInt(COLORS_AT, 0);
        }
        int size = data.getInt(IMAGE_SIZE_AT);
        if (size < 0 || size > bytes.length) {
            data.putInt(IMAGE_SIZE_AT, 0);
        }
    }

    @Override
    public ImageSize size() {
        return os2
                ? new ImageSize(data.getShort(18) & 0xffff, data.getShort(20) & 0xffff)
                : new ImageSize(data.getInt(18), Math.abs(data.getInt(22)));
    }

    @Override
    public RgbImage decode(Runnable check) throws IOException {
        return RasterToRgb.convert(ImageIoReader.read("bmp", bytes, check));
    }
}
