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
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Manifest of the files that a command wrote into an output folder, stored under {@code "files"} in the folder's
 * {@value AtomicFolder#MARKER}. Files that are not listed, or that differ from the list, are not this program's and
 * must not be replaced.
 *
 * @param files size and hash by name relative to the folder; the name of a folder without files ends with a slash
 */
public record FileManifest(SortedMap<String, FileDigest> files) {
    /** The key of {@link AtomicFolder#MARKER} that contains the manifest. */
    static final String KEY = "files";

    private static final String NO_CONTENT = "";

    /**
     * Size and hash of a file's content.
     *
     * @param bytes size of the file
     * @param sha256 hash in hexadecimal
     */
    public record FileDigest(long bytes, String sha256) {
        /** Computes the digest of a file, which reads all of it. */
        static FileDigest of(Path file) throws IOException {
            return new FileDigest(Files.size(file), Sha256.of(file));
        }
    }

    /** Computes the manifest of a folder without its marker; reads every file. */
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
     * Parses the manifest in a folder's marker; empty if there is none.
     *
     * @throws BadInputException if the manifest is damaged
     */
    static FileManifest of(JsonNode list, Path folder) {
        SortedMap<String, FileDigest> files = new TreeMap<>();
        for (Map.Entry<String, JsonNode> file : list.properties()) {
            JsonNode bytes = file.getValue().path("bytes");
            JsonNode sha256 = file.getValue().path("sha256");
            if (!bytes.isIntegralNumber() || !sha256.isTextual()) {
                throw new BadInputException(
                        folder.resolve(AtomicFolder.MARKER) + ": \"" + KEY + "\" has no size and hash of "
                                + file.getKey() + "; choose another output folder, or remove this one");
            }
            files.put(file.getKey(), new FileDigest(bytes.longValue(), sha256.textValue()));
        }
        return new FileManifest(files);
    }

    /**
     * Reads the manifest of an output folder.
     *
     * @return the manifest, or null if an older version or another program wrote the folder
     */
    public static @Nullable FileManifest read(Path folder) {
        Path file = folder.resolve(AtomicFolder.MARKER);
        if (!Files.isRegularFile(file)) {
            return null;
        }
        JsonNode marker = JsonInput.readObject(file);
        return marker.has(KEY) ? of(marker.path(KEY), folder) : null;
    }

    /** Stores the manifest in a JSON object. */
    void writeTo(ObjectNode list) {
        files.forEach((name, digest) ->
                list.putObject(name).put("bytes", digest.bytes()).put("sha256", digest.sha256()));
    }

    /**
     * Compares a folder with this manifest: one line for each file that was changed, is missing or was added. Reads all
     * files.
     */
    public List<String> differences(Path folder) {
        SortedMap<String, FileDigest> now = scan(folder).files;
        List<String> differences = changedFiles(now);
        now.keySet().stream()
                .filter(name -> !files.containsKey(name))
                .forEach(name -> differences.add(name + " was added"));
        return differences;
    }

    /** Compares only the files of this manifest; added files are ignored. See {@link #differences}. */
    public List<String> changedFiles(Path folder) {
        return changedFiles(scan(folder).files);
    }

    private List<String> changedFiles(SortedMap<String, FileDigest> now) {
        List<String> changes = new ArrayList<>();
        files.forEach((name, digest) -> {
            FileDigest found = now.get(name);
            if (found == null) {
                changes.add(name + " is missing");
            } else if (!found.equals(digest)) {
                changes.add(name + " was modified: " + found.bytes() + " bytes, sha256 " + found.sha256() + ", were "
                        + digest.bytes() + " bytes, sha256 " + digest.sha256());
            }
        });
        return changes;
    }

    /**
     * The files of a folder, and its folders without files (with a trailing slash), by relative name. The marker is
     * excluded. The folder may be a symbolic link; links in it are not followed.
     */
    static SortedMap<String, Path> content(Path folder) throws IOException {
        SortedMap<String, Path> content = new TreeMap<>();
        Set<Path> filled = new HashSet<>();
        Path real = folder.toRealPath();
        try (Stream<Path> all = Files.walk(real)) {
            for (Path path : all.filter(path -> !path.equals(real)).toList()) {
                filled.add(path.getParent());
                String name = real.relativize(path).toString().replace('\\', '/');
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

    static BadInputException unreadable(Path folder, IOException e) {
        return new BadInputException("cannot read " + folder + " (" + IoReason.of(e) + ")", e);
    }
}
