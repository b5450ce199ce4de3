package org.llava4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The names beside an output folder while it is written and replaced: {@code .NAME.ID.ENDING}. Each ending stands for one
 * thing to do with a folder that a killed process left there.
 *
 * @param folder real path of the output
 */
record StagingFolders(Path folder) {
    /** Being written: a leftover is deleted. */
    private static final String PART = ".part";
    /** Finished, and not at its place: it is never deleted. */
    private static final String FINISHED = ".finished";
    /** The former output, whole: a leftover is moved back unless a newer output stands in its place. */
    private static final String PREVIOUS = ".former";
    /** The former output after the exchange, perhaps half of it: a leftover is deleted. */
    private static final String DELETE = ".delete";

    /** Makes a new folder to write to. */
    Path create() throws IOException {
        return Files.createDirectory(sibling(Long.toHexString(System.nanoTime()), PART));
    }

    private Path sibling(String id, String ending) {
        return folder.resolveSibling("." + folder.getFileName() + "." + id + ending);
    }

    private static Path renamed(Path leftover, String from, String to) {
        String name = leftover.getFileName().toString();
        return leftover.resolveSibling(name.substring(0, name.length() - from.length()) + to);
    }

    /** Marks a folder as finished by its name, and returns the new name. */
    Path markFinished(Path part) throws IOException {
        return Files.move(part, renamed(part, PART, FINISHED));
    }

    /**
     * Moves a finished folder to its place. A former output is moved aside before, and back if that fails.
     *
     * @return the former output, which is to be deleted
     */
    Optional<Path> swapIn(Path finished) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(finished, folder);
            return Optional.empty();
        }
        Path former = Files.move(folder, renamed(finished, FINISHED, PREVIOUS));
        try {
            Files.move(finished, folder);
        } catch (IOException e) {
            Files.move(former, folder);
            throw e;
        }
        return Optional.of(Files.move(former, renamed(former, PREVIOUS, DELETE)));
    }

    /**
     * Completes an exchange that a killed process began: the finished output goes to its place, or, where there is none, the
     * former output goes back. Only for a caller that holds the lock of the output.
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

    /** Deletes what killed processes left unfinished or undeleted. Only for a caller that holds the lock of the output. */
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

    /** Whether all was written, and only the last rename is missing: the list of files is the last that is written. */
    private static boolean isComplete(Path part) {
        try {
            return JsonInput.readObject(part.resolve(AtomicFolder.MARKER)).has(FileManifest.KEY);
        } catch (BadInputException e) {
            // No marker, or a part of one: the process was killed before the end.
            return false;
        }
    }

    private List<Path> leftovers(String ending) throws IOException {
        Pattern name = Pattern.compile(
                "\\." + Pattern.quote(folder.getFileName().toString()) + "\\.[0-9a-f]+" + Pattern.quote(ending));
        try (Stream<Path> all = Files.list(folder.getParent())) {
            return all.filter(
                            path -> name.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }
}
