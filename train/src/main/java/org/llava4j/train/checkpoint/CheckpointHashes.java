package org.llava4j.train.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileManifest;
import org.llava4j.data.JsonInput;

/**
 * SHA-256 hashes of a checkpoint's files. {@link AtomicFolder} lists them on commit; checkpoints of older versions have
 * them in a separate file.
 *
 * @param files hash by file name
 */
record CheckpointHashes(SortedMap<String, String> files) {
    private static final String FILE = "sha256.json";

    /**
     * Compares the files with the stored hashes.
     *
     * @throws BadInputException if a file changed, is missing or was added
     */
    static void require(Path checkpoint) {
        FileManifest listed = FileManifest.read(checkpoint);
        List<String> differences =
                listed == null ? read(checkpoint).differences(checkpoint) : listed.differences(checkpoint);
        if (!differences.isEmpty()) {
            throw new BadInputException(
                    "its files have changed since they were written: " + String.join("; ", differences));
        }
    }

    private static CheckpointHashes read(Path checkpoint) {
        CheckpointHashes written = JsonInput.read(checkpoint.resolve(FILE), CheckpointHashes.class);
        if (written == null || written.files == null) {
            throw new BadInputException(FILE + " holds no hashes");
        }
        return written;
    }

    private List<String> differences(Path checkpoint) {
        SortedMap<String, String> expected = new TreeMap<>(files);
        SortedMap<String, String> found = new TreeMap<>();
        FileManifest.scan(checkpoint).files().forEach((name, mark) -> found.put(name, mark.sha256()));
        expected.remove(AtomicFolder.MARKER);
        found.remove(FILE);
        SortedSet<String> names = new TreeSet<>(expected.keySet());
        names.addAll(found.keySet());
        names.removeIf(name -> Objects.equals(expected.get(name), found.get(name)));
        return names.stream()
                .map(name -> name + " is " + state(expected.containsKey(name), found.containsKey(name)))
                .toList();
    }

    private static String state(boolean expected, boolean found) {
        return !found ? "missing" : expected ? "changed" : "unexpected";
    }
}
