package org.llava4j.train.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;

/**
 * SHA-256 of each file of a checkpoint, stored in the checkpoint itself.
 *
 * @param files hash by file name; {@link AtomicFolder#MARKER} is left out of comparisons, because the folder's writer may
 *     still add to it after the hashes are taken
 */
record CheckpointHashes(SortedMap<String, String> files) {
    private static final String FILE = "sha256.json";

    /** Stores the hashes of the files that are in a folder now. */
    static void write(Path checkpoint) {
        AtomicFile.writeString(checkpoint.resolve(FILE), JsonInput.write(of(checkpoint)));
    }

    /** Compares the files with the stored hashes. @throws BadInputException if a file changed, is missing or was added */
    static void require(Path checkpoint) {
        CheckpointHashes written = JsonInput.read(checkpoint.resolve(FILE), CheckpointHashes.class);
        if (written == null || written.files == null) {
            throw new BadInputException(FILE + " holds no hashes");
        }
        SortedMap<String, String> expected = new TreeMap<>(written.files);
        expected.remove(AtomicFolder.MARKER);
        SortedMap<String, String> found = of(checkpoint).files;
        if (found.equals(expected)) {
            return;
        }
        SortedMap<String, String> all = new TreeMap<>(expected);
        all.putAll(found);
        for (String name : all.keySet()) {
            String state = !found.containsKey(name) ? "missing" : !expected.containsKey(name) ? "not of it" : "changed";
            if (!state.equals("changed") || !found.get(name).equals(expected.get(name))) {
                throw new BadInputException("its files are not what was written, " + name + " is " + state);
            }
        }
    }

    private static CheckpointHashes of(Path checkpoint) {
        SortedMap<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(checkpoint)) {
            for (Path file : all.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals(FILE) && !name.equals(AtomicFolder.MARKER)) {
                    files.put(name, Sha256.of(file));
                }
            }
        } catch (IOException | UncheckedIOException e) {
            throw new BadInputException("cannot read " + checkpoint + " (" + e + ")", e);
        }
        return new CheckpointHashes(files);
    }
}
