package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** First image of a TIFF file. Its directory is checked before the reader allocates what it says. */
final class TiffImage implements ParsedImage {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int COMPRESSION = 259;
    private static final int STRIP_OFFSETS = 273;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTE_COUNTS = 279;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTE_COUNTS = 325;
    private static final int OLD_JPEG = 6;
    private static final int JPEG = 7;

    private final byte[] bytes;
    private final TiffDirectory directory;
    private final ImageSize size;

    TiffImage(byte[] bytes) throws IOException {
        this.bytes = bytes;
        directory = TiffDirectory.first(ByteBuffer.wrap(bytes));
        size = new ImageSize(side(WIDTH), side(HEIGHT));
        checkBlocks();
    }

    private int side(int tag) throws IOException {
        long value = directory.value(tag, 0);
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw new IOException("it has no valid size");
        }
        return (int) value;
    }

    /** Checks strips or tiles: each is read and decoded once, in memory of its own size. */
    private void checkBlocks() throws IOException {
        int width = size.width();
        int height = size.height();
        boolean tiled = directory.has(TILE_OFFSETS) || directory.has(TILE_WIDTH);
        long blockWidth = tiled ? directory.value(TILE_WIDTH, 0) : width;
        long blockHeight =
                tiled ? directory.value(TILE_HEIGHT, 0) : Math.min(height, directory.value(ROWS_PER_STRIP, height));
        if (blockWidth < 1 || blockHeight < 1 || blockWidth > width + 4096L || blockHeight > height + 4096L) {
            throw new IOException("its strips or tiles have no valid size");
        }
        long[] offsets = directory.values(tiled ? TILE_OFFSETS : STRIP_OFFSETS);
        long[] counts = directory.values(tiled ? TILE_BYTE_COUNTS : STRIP_BYTE_COUNTS);
        if (counts.length == 0 && offsets.length == 1) {
            counts = new long[] {Math.max(0, bytes.length - offsets[0])};
        }
        if (offsets.length == 0
                || offsets.length != counts.length
                || Arrays.stream(counts).sum() > bytes.length) {
            throw new IOException("its strips or tiles are not valid");
        }
        long compression = directory.value(COMPRESSION, 1);
        if (compression == OLD_JPEG) {
            throw new UnsupportedImageException("a TIFF with the obsolete kind of JPEG compression; save it as PNG");
        }
        for (int i = 0; i < offsets.length; i++) {
            if (offsets[i] + counts[i] > bytes.length) {
                throw new TruncatedImageException();
            }
            if (compression == JPEG) {
                checkJpeg((int) offsets[i], (int) counts[i], blockWidth, blockHeight);
            }
        }
    }

    private void checkJpeg(int offset, int count, long blockWidth, long blockHeight) throws IOException {
        JpegSegments jpeg = JpegSegments.parse(Arrays.copyOfRange(bytes, offset, offset + count));
        if (jpeg.width() > blockWidth || jpeg.height() > blockHeight || jpeg.scans() > jpeg.components()) {
            throw new IOException("a strip or tile is not a valid JPEG");
        }
    }

    @Override
    public ImageSize size() {
        return size;
    }

    /** Decodes the pixels upright: Pillow turns a TIFF when it loads it. */
    @Override
    public RgbImage decode(Runnable check) throws IOException {
        TiffSamples samples = new TiffSamples(directory, size.width(), size.height());
        byte[] pixels = directory.withoutMetadata(ImageIoReader.padded(bytes.length, size.width(), size.height()));
        // TwelveMonkeys scales floating-point numbers; Pillow and the JDK do not.
        BufferedImage image =
                samples.areFloats() ? ImageIoReader.read("tiff", pixels, check) : ImageIoReader.readTiff(pixels, check);
        RgbImage stored = samples.toRgb(image);
        return OrientationTransform.apply(stored, directory.orientation());
    }
}
