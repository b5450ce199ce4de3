package org.llava4j.data;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.llava4j.data.FileManifest.FileDigest;

/**
 * Output folder whose files are written and replaced one by one, for commands that can be interrupted and resumed. A
 * file is replaced only if this program wrote it and it is unchanged since; other files in the folder are never
 * touched. Written files are listed in {@value AtomicFolder#MARKER}, as in {@link AtomicFolder}. The folder is locked
 * until it is closed.
 */
public final class OutputFolder implements AutoCloseable {
    /** The key for files that are about to be written; after a crash a file may have its old or its new content. */
    private static final String WRITING = "writing";

    /** Name of the staging folder inside the output; the parent of the output may not be writable. */
    private static final String STAGING = "staged";

    private final Path folder;
    private final StagingFolders staging;
    private final String kind;
    private final OutputLock lock;

    private OutputFolder(Path folder, String kind, OutputLock lock, Renamer renamer) {
        this.folder = folder;
        this.staging = new StagingFolders(folder.resolve(STAGING), renamer);
        this.kind = kind;
        this.lock = lock;
    }

    /**
     * Opens a folder, which need not exist. Call it before any work is done.
     *
     * @param kind what is written, in one word; a folder of another kind is rejected
     * @param inputs what the command reads
     * @param names of the files that will be written
     * @throws BadInputException if the folder cannot be written, is being written by another run, overlaps with an
     *     input, or contains a file of one of the names that this program did not write
     */
    public static OutputFolder open(Path target, String kind, InputPaths inputs, Collection<String> names) {
        return open(target, kind, inputs, names, Renamer.FILES);
    }

    static OutputFolder open(Path target, String kind, InputPaths inputs, Collection<String> names, Renamer renamer) {
        inputs.requireNoOverlap(target);
        Path folder = RealPath.of(target);
        try {
            Files.createDirectories(folder);
            OutputLock lock = OutputLock.of(folder.resolve(STAGING), folder);
            return CloseOnFailure.run(lock, () -> {
                OutputFolder output = new OutputFolder(folder, kind, lock, renamer);
                output.requireReplaceable(names);
                output.staging.deleteLeftovers();
                AtomicFile.deleteLeftovers(folder.resolve(AtomicFolder.MARKER));
                return output;
            });
        } catch (IOException e) {
            throw AtomicFolder.unwritable(target, e);
        } catch (UncheckedIOException e) {
            throw AtomicFolder.unwritable(target, IoReason.cause(e));
        }
    }

    /**
     * Checks that a folder was not being written when its process was killed: some of its files could be of the run
     * before. A folder that this program did not write is accepted.
     *
     * @throws BadInputException if it was
     */
    public static void requireComplete(Path folder) {
        Path marker = folder.resolve(AtomicFolder.MARKER);
        if (Files.isRegularFile(marker) && JsonInput.readObject(marker).has(WRITING)) {
            throw new BadInputException(
                    folder + " was being written when a run was stopped, so its files may be of two runs; start the"
                            + " command that writes it again");
        }
    }

    /** The real path of the folder. */
    public Path path() {
        return folder;
    }

    private ObjectNode marker() {
        Path file = folder.resolve(AtomicFolder.MARKER);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return JsonNodeFactory.instance.objectNode().put(AtomicFolder.KIND_KEY, kind);
        }
        ObjectNode marker = (ObjectNode) JsonInput.readObject(file);
        PreviousOutput.requireKind(marker, folder, kind);
        return marker;
    }

    private void requireReplaceable(Collection<String> names) throws IOException {
        ObjectNode marker = marker();
        Map<String, FileDigest> written =
                FileManifest.of(marker.path(FileManifest.KEY), folder).files();
        Map<String, FileDigest> writing =
                FileManifest.of(marker.path(WRITING), folder).files();
        for (String name : names) {
            Path file = folder.resolve(name);
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            FileDigest now = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? FileDigest.of(file) : null;
            if (now == null || !now.equals(written.get(name)) && !now.equals(writing.get(name))) {
                throw new BadInputException(
                        folder + " contains " + name + ", which this command did not write or which was"
                                + " modified since; move it elsewhere, or choose another output folder");
            }
        }
    }

    /**
     * Writes files, each of them atomically, and lists them in the marker.
     *
     * @param body writes files into the folder that it is given
     * @throws BadInputException if a file cannot be written, or would replace a file that this program did not write
     */
    public void write(Consumer<Path> body) {
        try {
            Path part = staging.create();
            try {
                body.accept(part);
                replace(part);
            } finally {
                AtomicFolder.deleteQuietly(part);
            }
        } catch (IOException e) {
            throw AtomicFolder.unwritable(folder, e);
        }
    }

    private void replace(Path part) throws IOException {
        SortedMap<String, FileDigest> written =
                new TreeMap<>(FileManifest.scan(part).files());
        requireReplaceable(written.keySet());
        ObjectNode marker = marker();
        new FileManifest(written).writeTo(marker.putObject(WRITING));
        store(marker);
        for (String name : written.keySet()) {
            staging.renamer().replace(part.resolve(name), folder.resolve(name));
        }
        FileManifest.of(marker.path(FileManifest.KEY), folder).files().forEach(written::putIfAbsent);
        marker.remove(WRITING);
        new FileManifest(written).writeTo(marker.putObject(FileManifest.KEY));
        store(marker);
    }

    private void store(ObjectNode marker) {
        AtomicFile.writeString(folder.resolve(AtomicFolder.MARKER), marker.toPrettyString() + "\n", staging.renamer());
    }

    /** Unlocks the folder. */
    @Override
    public void close() {
        lock.close();
    }
}
