package org.llava4j.data.gguf;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cache of the headers of the last few files, because tokenizer, config and tensors of a model each read the header of the same
 * file. An entry is valid for one file of one size and one time of modification. The header of a file that was modified
 * within the last {@link #SETTLED} is not cached: a second write may leave that time as it is.
 */
final class RecentHeaders {
    private static final Duration SETTLED = Duration.ofSeconds(2);
    private static final int MAX_HEADERS = 4;

    private final Map<Path, Entry> entries = new LinkedHashMap<>(MAX_HEADERS, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Entry> eldest) {
            return size() > MAX_HEADERS;
        }
    };

    private record Entry(Version version, SoftReference<GgufHeader> header) {}

    /** Identifies one content of a path. */
    record Version(FileTime modified, long bytes, @Nullable Object fileKey) {

        /** The version of a file, or null if it was modified just now. */
        static @Nullable Version of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            FileTime modified = attributes.lastModifiedTime();
            boolean settled = modified.toInstant().plus(SETTLED).isBefore(Instant.now());
            return settled ? new Version(modified, attributes.size(), attributes.fileKey()) : null;
        }
    }

    /** Returns the header of a version of a file, or null if it is not cached. */
    synchronized @Nullable GgufHeader get(Path file, @Nullable Version version) {
        Entry entry = entries.get(file);
        return entry != null && entry.version().equals(version) ? entry.header().get() : null;
    }

    /** Caches a header that was read after its version. */
    synchronized void put(Path file, @Nullable Version version, GgufHeader header) {
        if (version != null) {
            entries.put(file, new Entry(version, new SoftReference<>(header)));
        }
    }
}
