package org.llava4j.model.tensors.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.FileBytes;

/**
 * Index of the entries of a zip as {@code torch.save} writes it: uncompressed, so every entry is a byte range of the
 * file and cannot expand when read. It is read from the central directory, plain or Zip64. All entries are checked to
 * lie inside the file without overlap.
 */
final class ZipDirectory {
    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int END64_SIGNATURE = 0x06064b50;
    private static final int LOCATOR64_SIGNATURE = 0x07064b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_BYTES = 46;
    private static final int END_BYTES = 22;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR64_BYTES = 20;
    private static final int FLAG_ENCRYPTED = 1;
    /** Size limit of the directory, far above that of any model; an entry has about 100 bytes. */
    private static final int MAX_DIRECTORY_BYTES = 32 << 20;

    private final FileChannel channel;
    private final Object file;

    private ZipDirectory(FileChannel channel, Object file) {
        this.channel = channel;
        this.file = file;
    }

    /** Location of the central directory: file offset, size in bytes and number of entries. */
    private record DirectoryLocation(long start, long bytes, long entries) {}

    /**
     * Reads all entries by name.
     *
     * @param file name of the file in messages
     * @throws org.llava4j.data.BadInputException if this is not a complete zip, or not one that {@code torch.save}
     *     writes
     */
    static Map<String, ZipEntry> read(FileChannel channel, Object file) throws IOException {
        ZipDirectory directory = new ZipDirectory(channel, file);
        DirectoryLocation location = directory.locate();
        Map<String, ZipEntry> entries = directory.entries(location);
        directory.requireNoOverlap(entries, location.start());
        return entries;
    }

    private DirectoryLocation locate() throws IOException {
        long end = channel.size() - END_BYTES;
        ByteBuffer record = end < 0 ? null : bytes(end, END_BYTES);
        if (record == null || record.getInt(0) != END_SIGNATURE || record.getShort(20) != 0) {
            throw TorchFileErrors.damaged(file, "it has no zip end record and may be truncated");
        }
        DirectoryLocation plain = new DirectoryLocation(
                Integer.toUnsignedLong(record.getInt(16)),
                Integer.toUnsignedLong(record.getInt(12)),
                Short.toUnsignedLong(record.getShort(10)));
        long locatorStart = end - LOCATOR64_BYTES;
        if (locatorStart >= 0) {
            ByteBuffer locator = bytes(locatorStart, LOCATOR64_BYTES);
            if (locator.getInt(0) == LOCATOR64_SIGNATURE) {
                return checked(locateZip64(locator.getLong(8), locatorStart), locator.getLong(8));
            }
        }
        return checked(plain, end);
    }

    private DirectoryLocation locateZip64(long start, long limit) throws IOException {
        if (start < 0 || start != limit - END64_BYTES) {
            throw TorchFileErrors.damaged(file, "the zip directory is not at the offset in its end record");
        }
        ByteBuffer record = bytes(start, END64_BYTES);
        if (record.getInt(0) != END64_SIGNATURE) {
            throw TorchFileErrors.damaged(file, "the zip directory is not at the offset in its end record");
        }
        return new DirectoryLocation(record.getLong(48), record.getLong(40), record.getLong(32));
    }

    /**
     * @param end file offset where the directory must end
     */
    private DirectoryLocation checked(DirectoryLocation location, long end) {
        if (location.start() < 0 || location.bytes() < 0 || location.start() != end - location.bytes()) {
            throw TorchFileErrors.damaged(file, "the zip directory is not at the offset in its end record");
        }
        if (location.bytes() > MAX_DIRECTORY_BYTES) {
            throw TorchFileErrors.damaged(
                    file, "the zip directory has " + location.bytes() + " bytes, the limit is " + MAX_DIRECTORY_BYTES);
        }
        return location;
    }

    private Map<String, ZipEntry> entries(DirectoryLocation location) throws IOException {
        ByteBuffer directory = bytes(location.start(), (int) location.bytes());
        Map<String, ZipEntry> entries = new HashMap<>();
        while (directory.hasRemaining()) {
            if (directory.remaining() < CENTRAL_BYTES || directory.getInt(directory.position()) != CENTRAL_SIGNATURE) {
                throw TorchFileErrors.damaged(file, "the zip directory contains an invalid entry");
            }
            ByteBuffer fixed = take(directory, CENTRAL_BYTES);
            ByteBuffer name = take(directory, Short.toUnsignedInt(fixed.getShort(28)));
            ByteBuffer extra = take(directory, Short.toUnsignedInt(fixed.getShort(30)));
            take(directory, Short.toUnsignedInt(fixed.getShort(32)));
            ZipEntry entry = entry(fixed, name, extra, location.start());
            if (entries.put(entry.name(), entry) != null) {
                throw TorchFileErrors.damaged(
                        file, "the zip contains \"" + TorchFileErrors.abbreviated(entry.name()) + "\" twice");
            }
        }
        if (entries.size() != location.entries()) {
            throw TorchFileErrors.damaged(
                    file,
                    "the zip declares " + Long.toUnsignedString(location.entries()) + " entries but lists "
                            + entries.size());
        }
        return entries;
    }

    private ZipEntry entry(ByteBuffer fixed, ByteBuffer nameBytes, ByteBuffer extra, long limit) throws IOException {
        String name = StandardCharsets.UTF_8.decode(nameBytes.duplicate()).toString();
        String inZip = "\"" + TorchFileErrors.abbreviated(name) + "\" in the zip ";
        if ((fixed.getShort(8) & FLAG_ENCRYPTED) != 0) {
            throw TorchFileErrors.damaged(file, inZip + "is encrypted");
        }
        if (fixed.getShort(10) != 0) {
            throw TorchFileErrors.damaged(file, inZip + "is compressed, but torch.save never compresses");
        }
        long size = large(fixed.getInt(24), extra, inZip);
        long stored = large(fixed.getInt(20), extra, inZip);
        long headerStart = large(fixed.getInt(42), extra, inZip);
        if (size != stored) {
            throw TorchFileErrors.damaged(file, inZip + "has contradictory sizes " + size + " and " + stored);
        }
        if (headerStart < 0 || headerStart > limit - LOCAL_BYTES - nameBytes.remaining()) {
            throw TorchFileErrors.damaged(file, inZip + "begins outside the file");
        }
        ByteBuffer local = bytes(headerStart, LOCAL_BYTES + nameBytes.remaining());
        if (local.getInt(0) != LOCAL_SIGNATURE
                || local.getShort(8) != 0
                || Short.toUnsignedInt(local.getShort(26)) != nameBytes.remaining()
                || !local.position(LOCAL_BYTES).equals(nameBytes)) {
            throw TorchFileErrors.damaged(file, inZip + "is not at the offset in the directory");
        }
        long start = headerStart + local.limit() + Short.toUnsignedInt(local.getShort(28));
        if (size < 0 || size > limit - start) {
            throw TorchFileErrors.damaged(
                    file, inZip + "is truncated: it has " + size + " bytes from byte " + start + " on");
        }
        return new ZipEntry(name, headerStart, start, size);
    }

    /** Reads a 32-bit number or, if all its bits are set, the next 64-bit number in the Zip64 part of {@code extra}. */
    private long large(int plain, ByteBuffer extra, String inZip) {
        if (plain != -1) {
            return Integer.toUnsignedLong(plain);
        }
        if (extra.position() == 0) {
            seekZip64(extra);
        }
        if (extra.remaining() < Long.BYTES) {
            throw TorchFileErrors.damaged(file, inZip + "has no Zip64 size or offset");
        }
        return extra.getLong();
    }

    /** Limits {@code extra} to its Zip64 part, or to nothing without one. */
    private static void seekZip64(ByteBuffer extra) {
        while (extra.remaining() >= 4) {
            int kind = Short.toUnsignedInt(extra.getShort());
            int length = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
            if (kind == 1) {
                extra.limit(extra.position() + length);
                return;
            }
            extra.position(extra.position() + length);
        }
        extra.position(extra.limit());
    }

    private void requireNoOverlap(Map<String, ZipEntry> entries, long limit) {
        List<ZipEntry> byOffset = new ArrayList<>(entries.values());
        byOffset.sort(Comparator.comparingLong(ZipEntry::headerStart));
        for (int i = 0; i < byOffset.size(); i++) {
            ZipEntry entry = byOffset.get(i);
            long next = i + 1 < byOffset.size() ? byOffset.get(i + 1).headerStart() : limit;
            if (entry.end() > next) {
                throw TorchFileErrors.damaged(
                        file,
                        "\"" + TorchFileErrors.abbreviated(entry.name()) + "\" in the zip overlaps the next entry");
            }
        }
    }

    private ByteBuffer take(ByteBuffer directory, int length) {
        if (length > directory.remaining()) {
            throw TorchFileErrors.damaged(file, "the zip directory is truncated inside an entry");
        }
        ByteBuffer taken = directory.slice(directory.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        directory.position(directory.position() + length);
        return taken;
    }

    private ByteBuffer bytes(long position, int length) throws IOException {
        return FileBytes.read(channel, position, length);
    }
}
