package org.llava4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.FileManifest.FileDigest;

/**
 * Existing content at the path of an output. It may be replaced only if it is an empty folder, or a previous output of
 * the same kind whose files are all unchanged.
 */
final class PreviousOutput {
    private static final String ADVICE = "; choose a new or empty folder for the output";
    /** Two changes within this time may yield the same modification time, so recently modified files are hashed again. */
    private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

    private final Path folder;
    private final String kind;
    private final Map<Path, FileState> verified = new HashMap<>();

    /** @param folder real path of the output */
    PreviousOutput(Path folder, String kind) {
        this.folder = folder;
        this.kind = kind;
    }

    /** File attributes; a file whose attributes are unchanged is not read again. Some file systems have no key. */
    private record FileState(
            long bytes, Instant modified, @Nullable Object key) {
        static FileState of(Path file) throws IOException {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new FileState(now.size(), now.lastModifiedTime().toInstant(), now.fileKey());
        }
    }

    /**
     * Rejects content that this program did not write. Files are compared by size, then by hash. A second call skips
     * files whose size and modification time are unchanged.
     *
     * @throws BadInputException if some content must not be replaced; the message names it
     */
    void requireReplaceable() throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(folder + " is a file; choose a new folder for the output");
        }
        Path file = folder.resolve(AtomicFolder.MARKER);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            requireEmpty();
            return;
        }
        JsonNode marker = JsonInput.readObject(file);
        requireKind(marker, folder, kind);
        Map<String, Path> content = FileManifest.content(folder);
        if (!marker.has(FileManifest.KEY) && !content.isEmpty()) {
            throw new BadInputException(folder + " was written by an older version that did not record its files, so"
                    + " your own files in it could be lost; choose another output folder, or remove this one");
        }
        FileManifest written = FileManifest.of(marker.path(FileManifest.KEY), folder);
        for (Map.Entry<String, Path> entry : content.entrySet()) {
            requireReplaceable(entry.getKey(), entry.getValue(), written.files().get(entry.getKey()));
        }
    }

    private void requireEmpty() throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            content.sorted().findFirst().ifPresent(first -> {
                throw new BadInputException(folder + " contains files that no previous run wrote, such as "
                        + first.getFileName() + " (no " + AtomicFolder.MARKER + ")" + ADVICE);
            });
        }
    }

    /**
     * Checks the kind of output in a folder.
     *
     * @throws BadInputException if the folder holds the output of another command
     */
    static void requireKind(JsonNode marker, Path folder, String kind) {
        String found = marker.path(AtomicFolder.KIND_KEY).asText();
        if (!found.equals(kind)) {
            throw new BadInputException(
                    folder + " contains the output of another command (\"" + found + "\")" + ADVICE);
        }
    }

    private void requireReplaceable(String name, Path path, @Nullable FileDigest expected) throws IOException {
        if (expected == null) {
            throw new BadInputException(folder + " contains " + name + ", which is not a file of the previous run;"
                    + " move it elsewhere, or choose another output folder");
        }
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        FileState now = FileState.of(path);
        if (now.equals(verified.get(path))) {
            return;
        }
        boolean old = now.modified.isBefore(Instant.now().minus(CLOCK_TICK));
        boolean same = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                && now.bytes == expected.bytes()
                && Sha256.of(path).equals(expected.sha256());
        if (!same) {
            throw new BadInputException(folder + " contains " + name + ", which was modified after it was written;"
                    + " move it elsewhere, or choose another output folder");
        }
        if (old) {
            verified.put(path, now);
        }
    }
}
