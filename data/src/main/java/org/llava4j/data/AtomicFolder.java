package org.llava4j.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An output folder that is either whole or not there: it is filled beside its final name and moved into place by
 * {@link #commit()}. Closing it without a commit leaves nothing behind; a finished folder is never deleted.
 *
 * <p>From {@link #begin} to {@link #close} the output is locked, so that no other run writes it. What stands at the final
 * name already is replaced only if it is an empty folder, or a former output of the same kind, known by the file
 * {@value #MARKER}, in which every file is as it was written. Anything else is refused before any work is done, and again
 * before it is replaced.
 */
public final class AtomicFolder implements AutoCloseable {
    /** By this file a former output is known. */
    public static final String MARKER = "llava4j.json";

    /** The key of {@link #MARKER} that says what kind of output the folder is; the writer may add others. */
    public static final String KIND_KEY = "wrote";

    private final StagingFolders staging;
    private final PreviousOutput previous;
    private final OutputLock lock;
    private final Path unfinished;
    /** Whether {@link #close()} has nothing to delete. */
    private boolean closed;

    private AtomicFolder(StagingFolders places, PreviousOutput former, OutputLock lock, Path unfinished) {
        this.staging = places;
        this.previous = former;
        this.lock = lock;
        this.unfinished = unfinished;
    }

    /** As {@link #begin(Path, String, InputPaths)}, for a command that reads no files. */
    public static AtomicFolder begin(Path target, String kind) {
        return begin(target, kind, InputPaths.of());
    }

    /**
     * Begins a folder; to call early, since a place that cannot be written shows here. What killed runs left of the same
     * output is removed.
     *
     * @param kind what is written, in one word; a folder of another kind is never replaced
     * @param inputs what the command reads
     * @throws BadInputException if the place cannot be written, is being written by another run, overlaps with an input, or
     *     holds anything that this program did not write
     */
    public static AtomicFolder begin(Path target, String kind, InputPaths inputs) {
        inputs.requireNoOverlap(target);
        Path folder = RealPath.of(target);
        if (folder.getFileName() == null) {
            throw new BadInputException(target + " cannot be an output folder; choose a new name");
        }
        OutputLock lock = null;
        boolean begun = false;
        try {
            Files.createDirectories(folder.getParent());
            lock = OutputLock.of(folder, folder);
            StagingFolders places = new StagingFolders(folder);
            places.recover();
            PreviousOutput former = new PreviousOutput(folder, kind);
            former.requireReplaceable();
            places.deleteLeftovers();
            Path unfinished = places.create();
            Files.writeString(unfinished.resolve(MARKER), "{\"" + KIND_KEY + "\": \"" + kind + "\"}\n");
            begun = true;
            return new AtomicFolder(places, former, lock, unfinished);
        } catch (IOException e) {
            throw unwritable(target, e);
        } catch (UncheckedIOException e) {
            throw unwritable(target, e.getCause());
        } finally {
            if (!begun && lock != null) {
                lock.close();
            }
        }
    }

    private static BadInputException unwritable(Path target, IOException e) {
        return new BadInputException(
                "cannot write " + target + " (" + IoReason.of(e) + "); choose a folder that can be written", e);
    }

    /** What kind of output a folder is, if this class made it. */
    public static Optional<String> kindOf(Path folder) {
        Path marker = folder.resolve(MARKER);
        return Files.isRegularFile(marker)
                ? Optional.of(JsonInput.readObject(marker).path(KIND_KEY).asText())
                : Optional.empty();
    }

    /** Where to write until the commit. */
    public Path path() {
        return unfinished;
    }

    /**
     * Moves the folder to its final name; nothing may be written to it any more. Where a former output stands, the two are
     * exchanged by renames: at no moment is there half a folder at the final name.
     *
     * @throws BadInputException if the folder cannot be put in place, or something that must not be replaced came there
     *     meanwhile; the finished folder then stays beside it, and the message says where
     */
    public synchronized void commit() {
        addFileList();
        closed = true;
        Path finished = unfinished;
        try {
            finished = staging.markFinished(unfinished);
            previous.requireReplaceable();
            staging.swapIn(finished).ifPresent(AtomicFolder::deleteQuietly);
        } catch (IOException e) {
            throw notMoved(finished, "cannot be moved to " + staging.folder() + " (" + IoReason.of(e) + ")", e);
        } catch (BadInputException e) {
            throw notMoved(finished, "is not moved to its place, because meanwhile " + e.getMessage(), e);
        }
    }

    private BadInputException notMoved(Path finished, String why, Exception cause) {
        return new BadInputException("the finished output stays in " + finished + ": it " + why, cause);
    }

    /** Adds the list of files to the marker, unless the writer did. */
    private void addFileList() {
        Path marker = unfinished.resolve(MARKER);
        ObjectNode json = (ObjectNode) JsonInput.readObject(marker);
        if (!json.has(FileManifest.KEY)) {
            FileManifest.scan(unfinished).writeTo(json.putObject(FileManifest.KEY));
            AtomicFile.writeString(marker, json.toPrettyString() + "\n");
        }
    }

    /** What cannot be deleted now is deleted by the next run that writes the same output. */
    static void deleteQuietly(Path folder) {
        try {
            delete(folder);
        } catch (UncheckedIOException e) {
            // The output is in place, or the failure that led here is what the user has to know.
            return;
        }
    }

    /** Removes what was written, unless it was committed, and unlocks the output. A shutdown hook may call it too. */
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

    /** Removes a folder with all that is in it. */
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
