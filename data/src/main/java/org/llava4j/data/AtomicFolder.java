package org.llava4j.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Atomic output folder: it is filled beside its final name and moved into place by {@link #commit()}. Closing it
 * without a commit removes what was written; a finished folder is never deleted.
 *
 * <p>The output is locked from {@link #begin} to {@link #close}, so that no other run writes it. An existing folder of
 * the final name is replaced only if it is empty, or if it is a previous output of the same kind (identified by the
 * file {@value #MARKER}) whose files are all unchanged. Any other content is rejected before work starts, and checked
 * again before it is replaced.
 */
public final class AtomicFolder implements AutoCloseable {
    /** The file that identifies a folder as an output of this program. */
    public static final String MARKER = "llava4j.json";

    /** The key of {@link #MARKER} for the kind of output in the folder; the writer may add other keys. */
    static final String KIND_KEY = "wrote";

    private final StagingFolders staging;
    private final PreviousOutput previous;
    private final OutputLock lock;
    private final Path unfinished;
    /** Whether there is nothing left for {@link #close()} to delete. */
    private boolean closed;

    private AtomicFolder(StagingFolders places, PreviousOutput former, OutputLock lock, Path unfinished) {
        this.staging = places;
        this.previous = former;
        this.lock = lock;
        this.unfinished = unfinished;
    }

    /** Begins a folder for a command that reads no files; see {@link #begin(Path, String, InputPaths)}. */
    public static AtomicFolder begin(Path target, String kind) {
        return begin(target, kind, InputPaths.of());
    }

    /**
     * Begins an output folder and removes what killed runs left of the same output. Call it early, because it detects
     * an output that cannot be written.
     *
     * @param kind what is written, in one word; a folder of another kind is never replaced
     * @param inputs what the command reads
     * @throws BadInputException if the folder cannot be written, is being written by another run, overlaps with an
     *     input, or holds anything that this program did not write
     */
    public static AtomicFolder begin(Path target, String kind, InputPaths inputs) {
        return begin(target, kind, inputs, Renamer.FILES);
    }

    static AtomicFolder begin(Path target, String kind, InputPaths inputs, Renamer renamer) {
        inputs.requireNoOverlap(target);
        Path folder = RealPath.of(target);
        if (folder.getFileName() == null) {
            throw new BadInputException(target + " cannot be an output folder; choose another name");
        }
        try {
            Files.createDirectories(folder.getParent());
            OutputLock lock = OutputLock.of(folder, folder);
            return CloseOnFailure.run(lock, () -> {
                StagingFolders places = new StagingFolders(folder, renamer);
                places.recover();
                PreviousOutput former = new PreviousOutput(folder, kind);
                former.requireReplaceable();
                places.deleteLeftovers();
                Path unfinished = places.create();
                Files.writeString(unfinished.resolve(MARKER), "{\"" + KIND_KEY + "\": \"" + kind + "\"}\n");
                return new AtomicFolder(places, former, lock, unfinished);
            });
        } catch (IOException e) {
            throw unwritable(target, e);
        } catch (UncheckedIOException e) {
            throw unwritable(target, IoReason.cause(e));
        }
    }

    /**
     * Completes what a killed process began to move to a path, for an owner of several outputs that lists them before it
     * writes the next one; {@link #begin} does it, too.
     *
     * @throws BadInputException if the folder cannot be written, or is being written by another run
     */
    public static void recover(Path target) {
        Path folder = RealPath.of(target);
        try (OutputLock lock = OutputLock.of(folder, folder)) {
            new StagingFolders(folder, Renamer.FILES).recover();
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    static BadInputException unwritable(Path target, IOException e) {
        return new BadInputException(
                "cannot write " + target + " (" + IoReason.of(e) + "); choose a folder that can be written", e);
    }

    /**
     * Reads the kind of an output folder.
     *
     * @return the kind, or null if this class did not write the folder
     */
    public static @Nullable String kindOf(Path folder) {
        Path marker = folder.resolve(MARKER);
        return Files.isRegularFile(marker)
                ? JsonInput.readObject(marker).path(KIND_KEY).asText()
                : null;
    }

    /** The folder to write to until the commit. */
    public Path path() {
        return unfinished;
    }

    /**
     * Moves the folder to its final name; nothing may be written to it afterwards. A previous output is swapped out by
     * renames, so the final name never holds a partial folder.
     *
     * @throws BadInputException if the folder cannot be moved into place, or content that must not be replaced has
     *     appeared there; the finished folder then stays beside it, and the message names it
     */
    public synchronized void commit() {
        addFileList();
        closed = true;
        Path finished = unfinished;
        try {
            finished = staging.markFinished(unfinished);
            previous.requireReplaceable();
            Path former = staging.swapIn(finished);
            if (former != null) {
                deleteQuietly(former);
            }
        } catch (IOException e) {
            throw notMoved(finished, "cannot be moved to " + staging.folder() + " (" + IoReason.of(e) + ")", e);
        } catch (BadInputException e) {
            throw notMoved(finished, "is not moved to its final name, because meanwhile " + e.getMessage(), e);
        }
    }

    private BadInputException notMoved(Path finished, String why, Exception cause) {
        return new BadInputException("the finished output stays in " + finished + ": it " + why, cause);
    }

    /** Adds the list of files to the marker, unless the writer already did. */
    private void addFileList() {
        Path marker = unfinished.resolve(MARKER);
        ObjectNode json = (ObjectNode) JsonInput.readObject(marker);
        if (!json.has(FileManifest.KEY)) {
            FileManifest.scan(unfinished).writeTo(json.putObject(FileManifest.KEY));
            AtomicFile.writeString(marker, json.toPrettyString() + "\n", staging.renamer());
        }
    }

    /** Deletes a folder; what cannot be deleted is left to the next run that writes the same output. */
    static void deleteQuietly(Path folder) {
        try {
            delete(folder);
        } catch (UncheckedIOException e) {
            // The output is in place, or the original failure is what the user needs to see.
            return;
        }
    }

    /** Removes what was written unless it was committed, and unlocks the output. Safe to call from a shutdown hook. */
    @Override
    public synchronized void close() {
        try {
            if (!closed) {
                closed = true;
                deleteQuietly(unfinished);
            }
        } finally {
            lock.close();
        }
    }

    /** Deletes a folder and its content. */
    public static void delete(Path folder) {
        try (Stream<Path> content = Files.walk(folder)) {
            for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
