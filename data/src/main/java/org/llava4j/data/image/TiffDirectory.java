package org.llava4j.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Numeric tags of the first directory of a TIFF file or of EXIF data. Later directories are not visited, so cycles
 * among them do no harm. Each value is read from the bytes, so a count cannot exceed their number.
 */
final class TiffDirectory {
    private static final int ORIENTATION = 274;
    private static final int HEADER_BYTES = 8;
    private static final int ENTRY_BYTES = 12;
    private static final int MAX_ENTRIES = 4096;
    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    /** Tags that say how pixels are stored: baseline, CCITT, predictor, palette, tiles, samples, JPEG tables, YCbCr. */
    private static final Set<Integer> PIXEL_TAGS = Set.of(
            256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 338, 339,
            347, 529, 530, 531, 532);

    private final Map<Integer, Entry> entries = new HashMap<>();
    private final ByteBuffer tiff;

    private record Entry(int type, int count, int at) {}

    private TiffDirectory(ByteBuffer tiff) {
        this.tiff = tiff;
    }

    /**
     * Reads the first directory.
     *
     * @param tiff from the byte order mark on
     */
    static TiffDirectory first(ByteBuffer tiff) throws IOException {
        ByteBuffer data = tiff.slice();
        if (data.remaining() < HEADER_BYTES) {
            throw new TruncatedImageException();
        }
        data.order(data.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        TiffDirectory directory = new TiffDirectory(data);
        directory.readEntries(data.getInt(4) & 0xffffffffL);
        return directory;
    }

    /** The EXIF orientation in EXIF data; 1 if the data is damaged or has none. */
    static int exifOrientation(ByteBuffer exif) {
        try {
            return first(exif).orientation();
        } catch (IOException e) {
            return 1;
        }
    }

    private void readEntries(long at) throws IOException {
        require(at, 2);
        int count = tiff.getShort((int) at) & 0xffff;
        if (count > MAX_ENTRIES) {
            throw new IOException("its directory has " + count + " entries");
        }
        require(at + 2, (long) count * ENTRY_BYTES);
        for (int i = 0; i < count; i++) {
            int entry = (int) at + 2 + i * ENTRY_BYTES;
            int type = tiff.getShort(entry + 2) & 0xffff;
            int width = type == BYTE ? 1 : type == SHORT ? 2 : type == LONG ? 4 : 0;
            long values = tiff.getInt(entry + 4) & 0xffffffffL;
            long bytes = width * values;
            if (bytes == 0) {
                continue;
            }
            long data = bytes <= 4 ? entry + 8 : tiff.getInt(entry + 8) & 0xffffffffL;
            if (data + bytes <= tiff.limit()) {
                entries.putIfAbsent(tiff.getShort(entry) & 0xffff, new Entry(type, (int) values, (int) data));
            }
        }
    }

    /**
     * A copy of the file whose only directory has only the tags that pixels need, so that a reader follows neither later
     * directories nor metadata.
     *
     * @param length of the copy; at least that of the file
     */
    byte[] withoutMetadata(int length) {
        byte[] copy = new byte[length];
        tiff.get(0, copy, 0, tiff.limit());
        ByteBuffer file = ByteBuffer.wrap(copy).order(tiff.order());
        int at = file.getInt(4);
        int count = file.getShort(at) & 0xffff;
        int entries = 0;
        for (int i = 0; i < count; i++) {
            int entry = at + 2 + i * ENTRY_BYTES;
            if (PIXEL_TAGS.contains(file.getShort(entry) & 0xffff)) {
                System.arraycopy(copy, entry, copy, at + 2 + entries * ENTRY_BYTES, ENTRY_BYTES);
                entries++;
            }
        }
        file.putShort(at, (short) entries);
        int next = at + 2 + entries * ENTRY_BYTES;
        Arrays.fill(copy, next, Math.min(next + 4, copy.length), (byte) 0);
        return copy;
    }

    private void require(long at, long bytes) throws IOException {
        if (at + bytes > tiff.limit()) {
            throw new TruncatedImageException();
        }
    }

    int orientation() {
        return (int) value(ORIENTATION, 1);
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    /** The first value of a tag. */
    long value(int tag, long otherwise) {
        Entry entry = entries.get(tag);
        return entry == null ? otherwise : read(entry, 0);
    }

    /** All values of a tag; none if it is absent. */
    long[] values(int tag) {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return new long[0];
        }
        long[] values = new long[entry.count];
        for (int i = 0; i < values.length; i++) {
            values[i] = read(entry, i);
        }
        return values;
    }

    private long read(Entry entry, int i) {
        return switch (entry.type) {
            case BYTE -> tiff.get(entry.at + i) & 0xff;
            case SHORT -> tiff.getShort(entry.at + 2 * i) & 0xffff;
            default -> tiff.getInt(entry.at + 4 * i) & 0xffffffffL;
        };
    }
}
