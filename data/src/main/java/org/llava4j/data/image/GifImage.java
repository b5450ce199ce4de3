package org.llava4j.data.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** First frame of a GIF, on the logical screen as in Pillow: the rest has the transparent color, or else color 0. */
final class GifImage implements ParsedImage {
    private static final int SCREEN_END = 13;
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int IMAGE = 0x2c;
    private static final int DESCRIPTOR_BYTES = 9;
    private static final int HAS_COLORS = 0x80;
    private static final int INTERLACED = 0x40;
    /** Flags of a table of 256 colors. */
    private static final int ALL_COLORS = HAS_COLORS | 7;

    private final byte[] bytes;
    private final ByteBuffer data;
    /** 0xRRGGBB by index. As in Pillow, a file without colors is gray, and indices beyond its colors are black. */
    private final int[] palette = new int[256];

    private int background;
    private int left;
    private int top;
    private final ImageSize size;
    private final int frameWidth;
    private final int frameHeight;
    private final boolean interlaced;
    /** Position of the frame's compressed data. */
    private final int dataAt;

    GifImage(byte[] bytes) throws IOException {
        this.bytes = bytes;
        this.data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(SCREEN_END);
        for (int i = 0; i < palette.length; i++) {
            palette[i] = i * 0x010101;
        }
        data.position(SCREEN_END);
        readColors(bytes[10]);
        while (unsigned8() != IMAGE) {
            data.position(data.position() - 1);
            if (unsigned8() == EXTENSION) {
                readExtension();
            }
        }
        require(DESCRIPTOR_BYTES);
        left = data.getShort() & 0xffff;
        top = data.getShort() & 0xffff;
        frameWidth = data.getShort() & 0xffff;
        frameHeight = data.getShort() & 0xffff;
        int flags = data.get();
        interlaced = (flags & INTERLACED) != 0;
        readColors(flags);
        dataAt = data.position();
        size = new ImageSize(
                Math.max(data.getShort(6) & 0xffff, left + frameWidth),
                Math.max(data.getShort(8) & 0xffff, top + frameHeight));
        if (frameWidth < 1 || frameHeight < 1) {
            throw new IOException("its first frame has no pixels");
        }
    }

    private void readExtension() throws IOException {
        boolean control = unsigned8() == GRAPHIC_CONTROL;
        for (int size = unsigned8(); size > 0; size = unsigned8()) {
            require(size);
            if (control && size >= 4) {
                boolean transparent = (data.get(data.position()) & 1) != 0;
                background = transparent ? data.get(data.position() + 3) & 0xff : 0;
            }
            data.position(data.position() + size);
        }
    }

    private void readColors(int flags) throws IOException {
        if ((flags & HAS_COLORS) == 0) {
            return;
        }
        int count = 2 << (flags & 7);
        require(3 * count);
        for (int i = 0; i < palette.length; i++) {
            palette[i] = i < count ? unsigned8() << 16 | unsigned8() << 8 | unsigned8() : 0;
        }
    }

    private int unsigned8() throws IOException {
        require(1);
        return data.get() & 0xff;
    }

    private void require(int count) throws IOException {
        if (data.remaining() < count) {
            throw new TruncatedImageException();
        }
    }

    @Override
    public ImageSize size() {
        return size;
    }

    @Override
    public RgbImage decode(Runnable check) throws IOException {
        Raster frame = ImageIoReader.read("gif", firstFrame(), check).getRaster();
        byte[] rgb = new byte[3 * width() * height()];
        for (int i = 0; i < rgb.length; i += 3) {
            put(rgb, i, background);
        }
        int[] row = new int[frame.getWidth()];
        for (int y = 0; y < frame.getHeight(); y++) {
            frame.getPixels(0, y, frame.getWidth(), 1, row);
            int to = 3 * ((top + y) * size.width() + left);
            for (int index : row) {
                put(rgb, to, index);
                to += 3;
            }
        }
        return new RgbImage(size.width(), size.height(), rgb);
    }

    /** A file of the first frame alone, with as many colors as indices, which the reader otherwise changes. */
    private byte[] firstFrame() {
        ByteBuffer file =
                ByteBuffer.allocate(SCREEN_END + 1 + DESCRIPTOR_BYTES + 3 * palette.length + bytes.length - dataAt);
        file.order(ByteOrder.LITTLE_ENDIAN).put(bytes, 0, SCREEN_END - 7);
        file.putShort((short) frameWidth).putShort((short) frameHeight);
        file.put((byte) 0).put((byte) 0).put((byte) 0);
        file.put((byte) IMAGE).putInt(0).putShort((short) frameWidth).putShort((short) frameHeight);
        file.put((byte) (ALL_COLORS | (interlaced ? INTERLACED : 0)));
        file.position(file.position() + 3 * palette.length);
        return file.put(bytes, dataAt, bytes.length - dataAt).array();
    }

    private void put(byte[] rgb, int at, int index) {
        int color = palette[index];
        rgb[at] = (byte) (color >> 16);
        rgb[at + 1] = (byte) (color >> 8);
        rgb[at + 2] = (byte) color;
    }
}
