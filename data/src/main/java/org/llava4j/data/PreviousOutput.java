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
import org.llava4j.data.FileManifest.FileDigest;

/**
 * What stands at the place of an output. Only an empty folder, or a former output of the same kind whose files are all as
 * this program wrote them, may be replaced.
 */
final class PreviousOutput {
    private static final String ADVICE = "; choose a new or empty folder for the output";
    /** Two changes of a file within this time may leave the same time of modification. */
    private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

    private final Path folder;
    private final String kind;
    private final Map<Path, FileState> verified = new HashMap<>();

    /** @param folder real path of the output */
    PreviousOutput(Path folder, String kind) {
        this.folder = folder;
        this.kind = kind;
    }

    /** What a file's attributes say of it; a file with the same stamp need not be read again. */
    private record FileState(long bytes, Instant modified, Object key) {
        static FileState of(Path file) throws IOException {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new FileState(now.size(), now.lastModifiedTime().toInstant(), now.fileKey());
        }
    }

    /**
     * Refuses to replace anything that this program did not write. Files are compared by size first, then by hash; in a
     * second call those whose size and time of modification are the same are not read again.
     *
     * @throws BadInputException if something there must not be replaced; it is named
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
            throw new BadInputException(folder + " was written by an older version, which kept no list of its files, so"
                    + " that files of yours in it would be lost; choose another output folder, or remove that one");
        }
        FileManifest written = FileManifest.of(marker.path(FileManifest.KEY), folder);
        for (Map.Entry<String, Path> entry : content.entrySet()) {
            requireReplaceable(entry.getKey(), entry.getValue(), written.files().get(entry.getKey()));
        }
    }

    private void requireEmpty() throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            content.sorted().findFirst().ifPresent(first -> {
                throw new BadInputException(folder + " holds files that no former run wrote, such as "
                        + first.getFileName() + " (there is no " + AtomicFolder.MARKER + ")" + ADVICE);
            });
        }
    }

    /** @throws BadInputException if a folder holds an output of another kind */
    static void requireKind(JsonNode marker, Path folder, String kind) {
        String found = marker.path(AtomicFolder.KIND_KEY).asText();
        if (!found.equals(kind)) {
            throw new BadInputException(folder + " holds the output of another command (\"" + found + "\")" + ADVICE);
        }
    }

    private void requireReplaceable(String name, Path path, FileDigest mark) throws IOException {
        if (mark == null) {
            throw new BadInputException(
                    folder + " holds " + name + ", which the run that wrote the folder did not write;"
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
                && now.bytes == mark.bytes()
                && Sha256.of(path).equals(mark.sha256());
        if (!same) {
            throw new BadInputException(folder + " holds " + name + ", which was changed after it was written;"
                    + " move it elsewhere, or choose another output folder");
        }
        if (old) {
            verified.put(path, now);
        }
    }
}
