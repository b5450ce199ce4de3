package org.llava4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The files that a command wrote into an output folder, stored in the folder's {@value AtomicFolder#MARKER} under
 * {@code "files"}. What is in a folder and not in this list, or not as listed, belongs to somebody else.
 *
 * @param files size and hash by name relative to the folder; a folder without files is listed with a slash behind its name
 */
public record FileManifest(SortedMap<String, FileDigest> files) {
    /** The key of {@link AtomicFolder#MARKER} that holds the list. */
    public static final String KEY = "files";

    private static final String NO_CONTENT = "";

    /** What identifies a file's content. */
    public record FileDigest(long bytes, String sha256) {
        /** Of a file as it is now, which is read whole. */
        public static FileDigest of(Path file) throws IOException {
            return new FileDigest(Files.size(file), Sha256.of(file));
        }
    }

    /** Lists all that is in a folder now, except for the marker; every file is read. */
    public static FileManifest scan(Path folder) {
        SortedMap<String, FileDigest> files = new TreeMap<>();
        try {
            for (Map.Entry<String, Path> entry : content(folder).entrySet()) {
                if (entry.getKey().endsWith("/")) {
                    files.put(entry.getKey(), new FileDigest(0, NO_CONTENT));
                } else if (Files.isRegularFile(entry.getValue())) {
                    files.put(entry.getKey(), FileDigest.of(entry.getValue()));
                }
            }
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
        return new FileManifest(files);
    }

    /**
     * A list that a folder's marker holds, empty where there is none.
     *
     * @throws BadInputException if it is damaged
     */
    static FileManifest of(JsonNode list, Path folder) {
        SortedMap<String, FileDigest> files = new TreeMap<>();
        for (Map.Entry<String, JsonNode> file : list.properties()) {
            JsonNode bytes = file.getValue().path("bytes");
            JsonNode sha256 = file.getValue().path("sha256");
            if (!bytes.isIntegralNumber() || !sha256.isTextual()) {
                throw new BadInputException(
                        folder.resolve(AtomicFolder.MARKER) + ": \"" + KEY + "\" has no size and hash" + " of "
                                + file.getKey() + "; choose another output folder, or remove that one");
            }
            files.put(file.getKey(), new FileDigest(bytes.longValue(), sha256.textValue()));
        }
        return new FileManifest(files);
    }

    /** The list that an output folder has of itself; empty where an older version wrote it, or no command of this program. */
    public static Optional<FileManifest> read(Path folder) {
        Path file = folder.resolve(AtomicFolder.MARKER);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonNode marker = JsonInput.readObject(file);
        return marker.has(KEY) ? Optional.of(of(marker.path(KEY), folder)) : Optional.empty();
    }

    /** Stores the list in a JSON object. */
    void writeTo(ObjectNode list) {
        files.forEach(
                (name, mark) -> list.putObject(name).put("bytes", mark.bytes()).put("sha256", mark.sha256()));
    }

    /** What differs from this list: one line for each file that changed, is missing or was added; all files are read. */
    public List<String> differences(Path folder) {
        SortedMap<String, FileDigest> now = scan(folder).files;
        List<String> differences = changedFiles(now);
        now.keySet().stream()
                .filter(name -> !files.containsKey(name))
                .forEach(name -> differences.add(name + " was added later"));
        return differences;
    }

    /** As {@link #differences}, for the files of this list: those that were added later are not compared. */
    public List<String> changedFiles(Path folder) {
        return changedFiles(scan(folder).files);
    }

    private List<String> changedFiles(SortedMap<String, FileDigest> now) {
        List<String> damage = new ArrayList<>();
        files.forEach((name, mark) -> {
            FileDigest found = now.get(name);
            if (found == null) {
                damage.add(name + " is gone");
            } else if (!found.equals(mark)) {
                damage.add(name + " is not what was written: " + found.bytes() + " bytes, sha256 " + found.sha256()
                        + ", were " + mark.bytes() + " bytes, sha256 " + mark.sha256());
            }
        });
        return damage;
    }

    /**
     * The files of a folder, and its folders without files (with a slash behind the name), by name relative to it. The marker
     * is left out; symbolic links are not followed.
     */
    static SortedMap<String, Path> content(Path folder) throws IOException {
        SortedMap<String, Path> content = new TreeMap<>();
        Set<Path> filled = new HashSet<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.filter(path -> !path.equals(folder)).toList()) {
                filled.add(path.getParent());
                String name = folder.relativize(path).toString().replace('\\', '/');
                boolean isFolder = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
                if (!name.equals(AtomicFolder.MARKER)) {
                    content.put(isFolder ? name + "/" : name, path);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        content.values().removeIf(filled::contains);
        return content;
    }

    private static BadInputException unreadable(Path folder, IOException e) {
        return new BadInputException("cannot read " + folder + " (" + IoReason.of(e) + ")", e);
    }
}
