package org.llava4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder that is either whole or not there: filled beside its final name, moved into place by {@link #commit()}.
 * Closing it without a commit leaves nothing behind.
 *
 * <p>What stands at the final name already is replaced only if it is an empty folder, or one that holds the marker
 * file by which a former output is known; anything else is refused before any work is done.
 */
public final class AtomicFolder implements AutoCloseable {
    private final Path target;
    private final Path unfinished;
    private final String marker;
    private boolean committed;

    private AtomicFolder(Path target, Path unfinished, String marker) {
        this.target = target;
        this.unfinished = unfinished;
        this.marker = marker;
    }

    /**
     * Begins a folder; to call early, since a place that cannot be written shows here.
     *
     * @param marker name of the file that every finished folder of this kind holds
     * @throws BadInputException if the place cannot be written, or holds something that is no former output
     */
    public static AtomicFolder begin(Path target, String marker) {
        Path folder = target.toAbsolutePath().normalize();
        if (folder.getFileName() == null) {
            throw new BadInputException(target + " is no place for an output folder; choose a new name");
        }
        try {
            refuseForeign(target, folder, marker);
            Files.createDirectories(folder.getParent());
            Path unfinished = beside(folder, ".part");
            Files.createDirectory(unfinished);
            return new AtomicFolder(folder, unfinished, marker);
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write " + target + " (" + AtomicFile.reason(e) + "); choose a folder that can be written",
                    e);
        }
    }

    private static void refuseForeign(Path named, Path folder, String marker) throws IOException {
        if (!Files.exists(folder) || Files.isRegularFile(folder.resolve(marker))) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(named + " is a file; choose a new folder for the output");
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new BadInputException(named + " holds files that no former run wrote (there is no " + marker
                        + "); choose a new or empty folder for the output");
            }
        }
    }

    private static Path beside(Path folder, String ending) {
        return folder.resolveSibling("." + folder.getFileName() + "." + Long.toHexString(System.nanoTime()) + ending);
    }

    /** Where to write until the commit. */
    public Path path() {
        return unfinished;
    }

    /**
     * Moves the folder to its final name. Where a former output stands, the two are exchanged by two renames: at no
     * moment is there half a folder at the final name.
     *
     * @throws BadInputException if the move fails; a former output is then in its place again
     */
    public void commit() {
        if (!Files.isRegularFile(unfinished.resolve(marker))) {
            throw new IllegalStateException(marker + " was not written into " + unfinished);
        }
        Path former = Files.exists(target) ? beside(target, ".old") : null;
        try {
            if (former != null) {
                Files.move(target, former);
            }
            try {
                Files.move(unfinished, target);
            } catch (IOException e) {
                if (former != null) {
                    Files.move(former, target);
                }
                throw e;
            }
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot move the output to " + target + " (" + AtomicFile.reason(e) + "); choose another folder",
                    e);
        }
        committed = true;
        if (former != null) {
            delete(former);
        }
    }

    /** Removes what was written, unless it was committed. */
    @Override
    public void close() {
        if (!committed) {
            delete(unfinished);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> content = Files.walk(folder)) {
            for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
