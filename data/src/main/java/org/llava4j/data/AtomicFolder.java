package org.llava4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder that is either whole or not there: filled beside its final name, moved into place by {@link #commit()}.
 * Closing it without a commit leaves nothing behind.
 *
 * <p>What stands at the final name already is replaced only if it is an empty folder, or a former output of the same
 * kind, known by the file {@value #MARKER} that only this class writes; anything else is refused before any work is
 * done, and again before it is replaced.
 */
public final class AtomicFolder implements AutoCloseable {
    /** By this file a former output is known. */
    public static final String MARKER = "llava4j.json";

    /** The key of {@link #MARKER} that says what kind of output the folder is; who writes it may add others. */
    public static final String KIND_KEY = "wrote";

    private static final String PART = ".part";
    private static final String OLD = ".old";

    private final Path target;
    private final Path unfinished;
    private final String kind;
    /** Whether {@link #close()} has nothing to do. */
    private boolean kept;

    private AtomicFolder(Path target, Path unfinished, String kind) {
        this.target = target;
        this.unfinished = unfinished;
        this.kind = kind;
    }

    /**
     * Begins a folder; to call early, since a place that cannot be written shows here.
     *
     * @param kind what is written, in one word; a folder of another kind is never replaced
     * @throws BadInputException if the place cannot be written, or holds something that is no former output
     */
    public static AtomicFolder begin(Path target, String kind) {
        Path folder = target.toAbsolutePath().normalize();
        if (folder.getFileName() == null) {
            throw new BadInputException(target + " is no place for an output folder; choose a new name");
        }
        try {
            bringBack(folder);
            refuseForeign(folder, kind);
            Files.createDirectories(folder.getParent());
            Path unfinished = beside(folder, PART);
            Files.createDirectory(unfinished);
            Files.writeString(unfinished.resolve(MARKER), "{\"" + KIND_KEY + "\": \"" + kind + "\"}\n");
            return new AtomicFolder(folder, unfinished, kind);
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write " + target + " (" + AtomicFile.reason(e) + "); choose a folder that can be written",
                    e);
        }
    }

    /** A process that ended between the two renames of its commit left the former output under another name. */
    private static void bringBack(Path folder) throws IOException {
        if (!Files.exists(folder) && Files.isDirectory(folder.getParent())) {
            List<Path> former = siblings(folder, OLD);
            if (!former.isEmpty()) {
                Files.move(former.get(former.size() - 1), folder);
            }
        }
    }

    /**
     * Removes what killed processes left of this folder beside it. Only for a caller who knows that no other process is
     * writing it now.
     *
     * @throws BadInputException if it cannot be removed
     */
    public void sweep() {
        try {
            for (String ending : List.of(PART, OLD)) {
                for (Path left : siblings(target, ending)) {
                    if (!left.equals(unfinished)) {
                        delete(left);
                    }
                }
            }
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot clear what is left of an earlier run beside " + target + " (" + AtomicFile.reason(e) + ")",
                    e);
        }
    }

    private static List<Path> siblings(Path folder, String ending) throws IOException {
        Pattern name = Pattern.compile(
                "\\." + Pattern.quote(folder.getFileName().toString()) + "\\.[0-9a-f]+" + Pattern.quote(ending));
        try (Stream<Path> all = Files.list(folder.getParent())) {
            return all.filter(
                            path -> name.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }

    /** What kind of output a folder is, if this class made it. */
    public static Optional<String> kindOf(Path folder) {
        Path marker = folder.resolve(MARKER);
        return Files.isRegularFile(marker)
                ? Optional.of(JsonInput.readObject(marker).path(KIND_KEY).asText())
                : Optional.empty();
    }

    private static void refuseForeign(Path folder, String kind) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(folder + " is a file; choose a new folder for the output");
        }
        Optional<String> found = kindOf(folder);
        if (found.isPresent()) {
            if (!found.get().equals(kind)) {
                throw new BadInputException(folder + " holds the output of another command (\"" + found.get()
                        + "\"); choose a new or empty folder for the output");
            }
            return;
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new BadInputException(folder + " holds files that no former run wrote (there is no " + MARKER
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
     * @throws BadInputException if the move fails, and a former output is in its place again; or if something that is
     *     no former output came to the final name meanwhile, and the finished folder stays beside it
     */
    public void commit() {
        try {
            refuseForeign(target, kind);
        } catch (IOException | BadInputException e) {
            kept = true;
            throw new BadInputException(
                    "the finished output stays in " + unfinished + " because meanwhile " + e.getMessage(), e);
        }
        Path former = Files.exists(target) ? beside(target, OLD) : null;
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
        kept = true;
        if (former != null) {
            delete(former);
        }
    }

    /** Removes what was written, unless it was committed. A hook of the JVM's end may call it too. */
    @Override
    public synchronized void close() {
        if (!kept) {
            delete(unfinished);
            kept = true;
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
