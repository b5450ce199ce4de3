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
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.llava4j.data.BadInputException;

/**
 * Feature vectors on disk, one file for each address, with a bound on their sum. Several threads and processes may
 * share a folder: a file is written beside its name and moved into place, whoever reads checks its checksum, and what
 * is damaged or lies under a wrong name counts as missing.
 *
 * <p>A file: {@code "LLAVAFT1"}, the address (32 bytes), the number of floats (int32), the floats, CRC-32C of all that
 * (int32); little endian. Last modified is last used: file systems often do not keep times of reading.
 */
public final class FeatureStore {
    private static final long MAGIC = 0x3154_4641_5641_4C4CL; // "LLAVAFT1"
    private static final int ADDRESS_BYTES = 32;
    private static final int HEADER_BYTES = Long.BYTES + ADDRESS_BYTES + Integer.BYTES;
    private static final String ENDING = ".features";
    private static final String UNFINISHED = ".part";

    /** After a shrink so much of the bound is in use, so that not every write needs one. */
    private static final double SHRUNK_SHARE = 0.9;

    /** An unfinished file this old was left by a process that died. */
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
     * Opens a folder, made if it is not there, and shrinks it to its bound.
     *
     * @throws BadInputException if the folder cannot be written, or the bound is not positive
     */
    public static FeatureStore open(Path folder, long limitBytes) {
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
                    "cannot use " + folder + " as feature cache (" + e + "); choose a folder that can be written", e);
        }
    }

    /**
     * As {@link #open}, for a run that can do without: where the folder cannot be used, the reason is reported.
     *
     * @throws BadInputException if the bound is not positive
     */
    public static Optional<FeatureStore> openIfPossible(Path folder, long limitBytes, Consumer<String> notices) {
        requireBound(limitBytes);
        try {
            return Optional.of(open(folder, limitBytes));
        } catch (BadInputException e) {
            notices.accept(e.getMessage() + "; the run continues without it");
            return Optional.empty();
        }
    }

    private static void requireBound(long limitBytes) {
        if (limitBytes <= 0) {
            throw new BadInputException("a feature cache of " + limitBytes + " bytes holds nothing; give it more");
        }
    }

    /**
     * The features under an address.
     *
     * @param address SHA-256 in hexadecimal
     * @return empty where there are none, or none that are whole
     */
    public Optional<float[]> get(String address) {
        Path file = file(address);
        try {
            float[] features = decode(address, Files.readAllBytes(file));
            if (features == null) {
                delete(file.toFile());
                return Optional.empty();
            }
            // Where the file is gone by now, there is no time to set; the features are sound all the same.
            file.toFile().setLastModified(System.currentTimeMillis());
            return Optional.of(features);
        } catch (NoSuchFileException e) {
            // Never written, or dropped by another process in this moment.
            return Optional.empty();
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    /** Keeps features; those used longest ago are dropped where the bound is passed. */
    public synchronized void put(String address, float[] features) {
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

    /** The floats, or null where the bytes are not a whole file of this address. */
    private static float[] decode(String address, byte[] bytes) {
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

    /** Counts anew, since other processes write too, and drops what was used longest ago. */
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

    /** Files that vanish meanwhile, by the hand of another process, count as 0 bytes. */
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
