package org.llava4j.model.features;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Feature cache on disk with a size limit and LRU eviction, one file per address. Threads and processes may share a
 * folder: files are written under a temporary name and renamed, readers verify the checksum, and a damaged or misnamed
 * file counts as missing.
 *
 * <p>File format, little endian: {@code "LLAVAFT1"}, address (32 bytes), number of floats (int32), floats, CRC-32C of
 * all preceding bytes (int32). The modification time serves as the access time, because many file systems do not record
 * access times.
 */
public final class FeatureStore {
    private static final long MAGIC = 0x3154_4641_5641_4C4CL; // "LLAVAFT1"
    private static final int ADDRESS_BYTES = 32;
    private static final int HEADER_BYTES = Long.BYTES + ADDRESS_BYTES + Integer.BYTES;
    private static final String ENDING = ".features";
    private static final String UNFINISHED = ".part";

    /** Share of the size limit in use after an eviction, so that not every write evicts. */
    private static final double SHRUNK_SHARE = 0.9;

    /** Age at which an unfinished file is considered abandoned by a dead process. */
    private static final long ABANDONED_MS = 3_600_000;

    private static final AtomicLong WRITES = new AtomicLong();

    private final Path folder;
    private final long limitBytes;
    private long knownBytes;

    private FeatureStore(Path folder, long limitBytes) {
        this.folder = folder;
        this.limitBytes = limitBytes;
    }

    /**
     * Opens a folder, creating it if necessary, and evicts files down to the size limit.
     *
     * @throws BadInputException if the folder is not writable, or the limit is not positive
     */
    static FeatureStore open(Path folder, long limitBytes) {
        requireBound(limitBytes);
        try {
            Files.createDirectories(folder);
            if (!Files.isWritable(folder)) {
                throw new AccessDeniedException(folder.toString());
            }
            FeatureStore store = new FeatureStore(folder, limitBytes);
            store.shrink();
            return store;
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot use " + folder + " as feature cache (" + e + "); choose a writable folder", e);
        }
    }

    /**
     * As {@link #open}, but reports an unusable folder to {@code notices}.
     *
     * @return null if the folder is unusable
     * @throws BadInputException if the limit is not positive
     */
    public static @Nullable FeatureStore openIfPossible(Path folder, long limitBytes, Consumer<String> notices) {
        requireBound(limitBytes);
        try {
            return open(folder, limitBytes);
        } catch (BadInputException e) {
            notices.accept(e.getMessage() + "; continuing without it");
            return null;
        }
    }

    private static void requireBound(long limitBytes) {
        if (limitBytes <= 0) {
            throw new BadInputException("the feature cache's size is " + limitBytes + " bytes; give a size above 0");
        }
    }

    /**
     * Looks up features.
     *
     * @param address SHA-256 in hexadecimal
     * @return null if there is no intact file of this address
     */
    float @Nullable [] get(String address) {
        Path file = file(address);
        try {
            float[] features = decode(address, Files.readAllBytes(file));
            if (features == null) {
                delete(file.toFile());
                return null;
            }
            // Fails harmlessly if another process has deleted the file.
            file.toFile().setLastModified(System.currentTimeMillis());
            return features;
        } catch (NoSuchFileException e) {
            // Never written, or just evicted by another process.
            return null;
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    /** Stores features; evicts the least recently used ones if the size limit is exceeded. */
    synchronized void put(String address, float[] features) {
        Path file = file(address);
        Path unfinished = file.resolveSibling(
                address + "." + ProcessHandle.current().pid() + "." + WRITES.incrementAndGet() + UNFINISHED);
        byte[] bytes = encode(address, features);
        try {
            Files.createDirectories(file.getParent());
            Files.write(unfinished, bytes);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            delete(unfinished.toFile());
            throw unusable(file, e);
        }
        knownBytes += bytes.length;
        if (knownBytes > limitBytes) {
            shrink();
        }
    }

    private Path file(String address) {
        return folder.resolve(address.substring(0, 2)).resolve(address + ENDING);
    }

    private static BadInputException unusable(Path file, IOException e) {
        return new BadInputException("cannot use " + file + " (" + e + "); choose another folder as feature cache", e);
    }

    private static byte[] encode(String address, float[] features) {
        ByteBuffer buffer = ByteBuffer.allocate(HEADER_BYTES + features.length * Float.BYTES + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC).put(HexFormat.of().parseHex(address)).putInt(features.length);
        buffer.asFloatBuffer().put(features);
        buffer.position(buffer.capacity() - Integer.BYTES);
        buffer.putInt(checksum(buffer.array()));
        return buffer.array();
    }

    /** The features, or null if the bytes are not an intact file of this address. */
    private static float @Nullable [] decode(String address, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER_BYTES + Integer.BYTES || buffer.getLong() != MAGIC) {
            return null;
        }
        byte[] named = new byte[ADDRESS_BYTES];
        buffer.get(named);
        long count = buffer.getInt();
        boolean whole = HexFormat.of().formatHex(named).equals(address)
                && bytes.length == HEADER_BYTES + count * Float.BYTES + Integer.BYTES
                && buffer.getInt(bytes.length - Integer.BYTES) == checksum(bytes);
        if (!whole) {
            return null;
        }
        float[] features = new float[(int) count];
        buffer.asFloatBuffer().get(features);
        return features;
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - Integer.BYTES);
        return (int) crc.getValue();
    }

    private record Entry(File file, long bytes, long usedMs) {}

    /** Rescans the folder, since other processes write too, and evicts the least recently used files. */
    private void shrink() {
        List<Entry> entries = entries();
        knownBytes = entries.stream().mapToLong(Entry::bytes).sum();
        if (knownBytes <= limitBytes) {
            return;
        }
        entries.sort(Comparator.comparingLong(Entry::usedMs));
        for (Entry entry : entries) {
            if (knownBytes <= limitBytes * SHRUNK_SHARE) {
                return;
            }
            delete(entry.file());
            knownBytes -= entry.bytes();
        }
    }

    /** All feature files. A file that another process deletes meanwhile counts as 0 bytes. */
    private List<Entry> entries() {
        long abandonedMs = System.currentTimeMillis() - ABANDONED_MS;
        List<Entry> entries = new ArrayList<>();
        for (File part : list(folder.toFile())) {
            for (File file : list(part)) {
                if (file.getName().endsWith(ENDING)) {
                    entries.add(new Entry(file, file.length(), file.lastModified()));
                } else if (file.getName().endsWith(UNFINISHED) && file.lastModified() < abandonedMs) {
                    delete(file);
                }
            }
        }
        return entries;
    }

    private static File[] list(File folder) {
        File[] files = folder.listFiles();
        return files == null ? new File[0] : files;
    }

    private static void delete(File file) {
        try {
            Files.deleteIfExists(file.toPath());
        } catch (IOException e) {
            throw unusable(file.toPath(), e);
        }
    }
}
