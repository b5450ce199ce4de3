package org.llava4j.data.image;

import java.awt.image.Raster;
import java.io.IOException;

/** JPEG image: gray, YCbCr, RGB, CMYK or YCCK, baseline or progressive. */
final class JpegImage implements ParsedImage {
    /**
     * Maximum number of scans. Encoders write 1, 3 (sequential, not interleaved) or about 10 (progressive); libjpeg's
     * longest script has 18.
     */
    static final int MAX_SCANS = 50;

    /** A scan visits each pixel, which takes about 10 ns. */
    static final long MAX_SCANNED_PIXELS = 1_000_000_000;

    /** Scans of a progressive image, which is decoded about five times as slowly as a baseline image. */
    private static final int ORDINARY_SCANS = 10;

    private final JpegSegments segments;

    JpegImage(byte[] bytes) throws IOException {
        segments = JpegSegments.parse(bytes);
        int scans = segments.scans();
        long scanned = (long) width() * height() * scans;
        if (scans > MAX_SCANS || scanned > MAX_SCANNED_PIXELS) {
            throw new UnsupportedImageException("a JPEG of " + width() + " x " + height() + " pixels with " + scans
                    + " scans, more than a camera or an editor writes; save it as a baseline JPEG");
        }
    }

    @Override
    public ImageSize size() {
        return new ImageSize(segments.width(), segments.height());
    }

    @Override
    public long work() {
        return ParsedImage.super.work() * (1 + segments.scans() / ORDINARY_SCANS);
    }

    @Override
    public int orientation() {
        return segments.orientation();
    }

    @Override
    public RgbImage decode(Runnable check) throws IOException {
        byte[] normalized = segments.normalized();
        return switch (segments.components()) {
            case 1, 3 -> RasterToRgb.convert(ImageIoReader.read("jpeg", normalized, check));
            case 4 -> {
                Raster raster = ImageIoReader.readRaster("jpeg", normalized, check);
                yield CmykToRgb.convert(raster, segments.isYcck(), true);
            }
            default ->
                throw new UnsupportedImageException(
                        "a JPEG with " + segments.components() + " components; convert it to RGB");
        };
    }
}
