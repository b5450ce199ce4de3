package org.llava4j.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;

/** PNG image. */
final class PngImage implements ParsedImage {
    private static final int SIGNATURE_BYTES = 8;
    private static final int CHUNK_OVERHEAD = 12;
    private static final int HEADER_END = 33;
    private static final int GRAY_ALPHA = 4;
    private static final int EXIF = 0x65584966;

    private final byte[] bytes;
    private final ByteBuffer data;

    PngImage(byte[] bytes) throws IOException {
        if (bytes.length < HEADER_END) {
            throw new TruncatedImageException();
        }
        this.bytes = bytes;
        this.data = ByteBuffer.wrap(bytes);
        if (width() < 1 || height() < 1) {
            throw new IOException("it has no pixels");
        }
    }

    @Override
    public ImageSize size() {
        return new ImageSize(data.getInt(16), data.getInt(20));
    }

    @Override
    public int orientation() {
        long at = SIGNATURE_BYTES;
        while (at + CHUNK_OVERHEAD <= bytes.length) {
            long length = data.getInt((int) at) & 0xffffffffL;
            if (data.getInt((int) at + 4) == EXIF && at + CHUNK_OVERHEAD + length <= bytes.length) {
                return TiffDirectory.exifOrientation(data.slice((int) at + 8, (int) length));
            }
            at += CHUNK_OVERHEAD + length;
        }
        return 1;
    }

    @Override
    public RgbImage decode(Runnable check) throws IOException {
        boolean clip = bytes[25] != GRAY_ALPHA;
        return RasterToRgb.convert(
                ImageIoReader.read("png", bytes, check),
                clip ? RasterToRgb.SixteenBitGray.CLIP : RasterToRgb.SixteenBitGray.UPPER_BYTE);
    }
}
