package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * WebP image, lossy or lossless; of an animation the first frame on its canvas. The decoder is given a file with the
 * frame's color data alone: alpha is dropped, and profiles and metadata are skipped.
 */
final class WebpImage implements ParsedImage {
    private static final int RIFF_BYTES = 12;
    private static final int CHUNK_BYTES = 8;
    private static final int ANIMATION_FRAME_BYTES = 16;
    private static final int CANVAS_BYTES = 10;
    private static final int VP8 = tag("VP8 ");
    private static final int VP8L = tag("VP8L");
    private static final int VP8X = tag("VP8X");
    private static final int ANMF = tag("ANMF");
    private static final int EXIF = tag("EXIF");
    /** Groups of prefix codes of a lossless image; the reader takes the memory of as many pixels for each. */
    private static final int MAX_CODE_GROUPS = 1 << 16;

    private static final int MIN_BYTES_OF_CODE_GROUP = 2;
    private static final int PIXELS_OF_CODE_GROUP = 480;
    /** Bytes that the reader looks ahead: with as many after the frame, that of a valid file never meets the end. */
    private static final int LOOKAHEAD_BYTES = 16;

    private static final String EXIF_PREFIX = "Exif\0\0";

    private final ByteBuffer data;
    private int canvasWidth;
    private int canvasHeight;
    private int left;
    private int top;
    private int orientation = 1;
    /** The chunk of the first frame; null until it is found. */
    private @Nullable Chunk frame;

    private record Chunk(int tag, int from, int size) {}

    WebpImage(byte[] bytes) throws IOException {
        data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        readChunks(RIFF_BYTES, bytes.length);
        Chunk found = frame;
        if (found == null) {
            throw new TruncatedImageException();
        }
        if (canvasWidth == 0) {
            canvasWidth = frameWidth(found);
            canvasHeight = frameHeight(found);
        }
        if (frameWidth(found) < 1
                || frameHeight(found) < 1
                || left + frameWidth(found) > canvasWidth
                || top + frameHeight(found) > canvasHeight) {
            throw new IOException("its first frame is outside of its canvas");
        }
    }

    private static int tag(String name) {
        return name.charAt(0) | name.charAt(1) << 8 | name.charAt(2) << 16 | name.charAt(3) << 24;
    }

    private void readChunks(int from, int end) throws IOException {
        long at = from;
        while (at + CHUNK_BYTES <= end) {
            int body = (int) at + CHUNK_BYTES;
            long size = data.getInt((int) at + 4) & 0xffffffffL;
            int tag = data.getInt((int) at);
            if (body + size > end) {
                if (frame != null) {
                    return;
                }
                throw new TruncatedImageException();
            }
            readChunk(new Chunk(tag, body, (int) size));
            at = body + size + (size & 1);
        }
    }

    private void readChunk(Chunk chunk) throws IOException {
        if (chunk.tag == VP8X && chunk.size >= CANVAS_BYTES && canvasWidth == 0) {
            canvasWidth = 1 + unsigned24(chunk.from + 4);
            canvasHeight = 1 + unsigned24(chunk.from + 7);
        } else if (chunk.tag == ANMF && chunk.size >= ANIMATION_FRAME_BYTES && frame == null) {
            left = 2 * unsigned24(chunk.from);
            top = 2 * unsigned24(chunk.from + 3);
            readChunks(chunk.from + ANIMATION_FRAME_BYTES, chunk.from + chunk.size);
        } else if ((chunk.tag == VP8 || chunk.tag == VP8L) && frame == null) {
            if (chunk.size < 10) {
                throw new TruncatedImageException();
            }
            frame = chunk;
        } else if (chunk.tag == EXIF) {
            orientation = exifOrientation(chunk);
        }
    }

    private int exifOrientation(Chunk chunk) {
        byte[] exif = new byte[chunk.size];
        data.get(chunk.from, exif);
        int skip = ImageFormat.startsWith(exif, EXIF_PREFIX) ? EXIF_PREFIX.length() : 0;
        return TiffDirectory.exifOrientation(ByteBuffer.wrap(exif, skip, exif.length - skip));
    }

    private int unsigned24(int at) {
        return data.getShort(at) & 0xffff | (data.get(at + 2) & 0xff) << 16;
    }

    private int frameWidth(Chunk chunk) {
        return chunk.tag == VP8 ? data.getShort(chunk.from + 6) & 0x3fff : 1 + (data.getInt(chunk.from + 1) & 0x3fff);
    }

    private int frameHeight(Chunk chunk) {
        return chunk.tag == VP8
                ? data.getShort(chunk.from + 8) & 0x3fff
                : 1 + (data.getInt(chunk.from + 1) >>> 14 & 0x3fff);
    }

    @Override
    public ImageSize size() {
        return new ImageSize(canvasWidth, canvasHeight);
    }

    @Override
    public long work() {
        Chunk chunk = Objects.requireNonNull(frame);
        long groups = chunk.tag == VP8L ? Math.min(MAX_CODE_GROUPS, chunk.size / MIN_BYTES_OF_CODE_GROUP) : 0;
        return ParsedImage.super.work() + groups * PIXELS_OF_CODE_GROUP;
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public RgbImage decode(Runnable check) throws IOException {
        Chunk chunk = Objects.requireNonNull(frame);
        BufferedImage decoded = ImageIoReader.readWebp(single(chunk), check);
        Raster raster = decoded.getRaster();
        byte[] rgb = new byte[3 * canvasWidth * canvasHeight];
        int bands = raster.getNumBands();
        int[] row = new int[bands * raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, row);
            int to = 3 * ((top + y) * canvasWidth + left);
            for (int x = 0; x < row.length; x += bands) {
                for (int c = 0; c < 3; c++) {
                    rgb[to++] = (byte) row[x + c];
                }
            }
        }
        return new RgbImage(canvasWidth, canvasHeight, rgb);
    }

    /** A file with this chunk alone. */
    private byte[] single(Chunk chunk) {
        int padded = chunk.size + (chunk.size & 1);
        int length = RIFF_BYTES + CHUNK_BYTES + padded;
        int withLookahead = length + LOOKAHEAD_BYTES;
        ByteBuffer file = ByteBuffer.allocate(ImageIoReader.padded(withLookahead, canvasWidth, canvasHeight));
        file.order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(tag("RIFF")).putInt(length - CHUNK_BYTES).putInt(tag("WEBP"));
        file.putInt(chunk.tag).putInt(chunk.size);
        file.put(file.position(), data, chunk.from, chunk.size);
        return file.array();
    }
}
