package org.llava4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Staging folders beside an output folder while it is written and replaced, named {@code .NAME.ID.SUFFIX}. The suffix
 * determines how a folder is handled that a killed process left behind.
 *
 * @param folder real path of the output
 */
record StagingFolders(Path folder) {
    /** Being written; a leftover is deleted. */
    private static final String PART = ".part";
    /** Finished, but not moved to its final name; never deleted. */
    private static final String FINISHED = ".finished";
    /** The complete previous output; a leftover is moved back unless a newer output has replaced it. */
    private static final String PREVIOUS = ".former";
    /** The previous output after the swap, possibly incomplete; a leftover is deleted. */
    private static final String DELETE = ".delete";

    /** Creates a new staging folder. */
    Path create() throws IOException {
        return Files.createDirectory(sibling(Long.toHexString(System.nanoTime()), PART));
    }

    private Path sibling(String id, String suffix) {
        return folder.resolveSibling("." + folder.getFileName() + "." + id + suffix);
    }

    private static Path renamed(Path leftover, String from, String to) {
        String name = leftover.getFileName().toString();
        return leftover.resolveSibling(name.substring(0, name.length() - from.length()) + to);
    }

    /** Renames a staging folder to mark it as finished, and returns its new path. */
    Path markFinished(Path part) throws IOException {
        return Files.move(part, renamed(part, PART, FINISHED));
    }

    /**
     * Moves a finished folder to its final name. A previous output is moved aside first, and moved back if that fails.
     *
     * @return the previous output, which the caller deletes, or null if there was none
     */
    @Nullable
    Path swapIn(Path finished) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(finished, folder);
            return null;
        }
        Path former = Files.move(folder, renamed(finished, FINISHED, PREVIOUS));
        try {
            Files.move(finished, folder);
        } catch (IOException e) {
            Files.move(former, folder);
            throw e;
        }
        return Files.move(former, renamed(former, PREVIOUS, DELETE));
    }

    /**
     * Completes a swap that a killed process began: the finished output is moved to its final name or, without one, the
     * previous output is moved back. The caller must hold the lock of the output.
     */
    void recover() throws IOException {
        List<Path> all = leftovers(PREVIOUS);
        for (int i = all.size() - 1; i >= 0; i--) {
            Path former = all.get(i);
            Path finished = renamed(former, PREVIOUS, FINISHED);
            boolean isFinished = Files.isDirectory(finished, LinkOption.NOFOLLOW_LINKS);
            boolean isFree = !Files.exists(folder, LinkOption.NOFOLLOW_LINKS);
            if (isFree) {
                Files.move(isFinished ? finished : former, folder);
            }
            if (isFree ? isFinished : !isFinished && Files.exists(folder.resolve(AtomicFolder.MARKER))) {
                Files.move(former, renamed(former, PREVIOUS, DELETE));
            }
        }
    }

    /**
     * Deletes incomplete folders and previous outputs that killed processes left behind. The caller must hold the lock
     * of the output.
     */
    void deleteLeftovers() throws IOException {
        for (Path part : leftovers(PART)) {
            if (!isComplete(part)) {
                AtomicFolder.delete(part);
            }
        }
        for (Path former : leftovers(DELETE)) {
            AtomicFolder.delete(former);
        }
    }

    /** Whether a folder is complete and only the last rename is missing; the list of files is written last. */
    private static boolean isComplete(Path part) {
        try {
            return JsonInput.readObject(part.resolve(AtomicFolder.MARKER)).has(FileManifest.KEY);
        } catch (BadInputException e) {
            // The marker is missing or incomplete: the process was killed before the end.
            return false;
        }
    }

    private List<Path> leftovers(String suffix) throws IOException {
        Pattern name = Pattern.compile(
                "\\." + Pattern.quote(folder.getFileName().toString()) + "\\.[0-9a-f]+" + Pattern.quote(suffix));
        try (Stream<Path> all = Files.list(folder.getParent())) {
            return all.filter(
                            path -> name.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }
}
