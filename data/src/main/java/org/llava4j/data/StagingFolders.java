package org.llava4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Staging folders beside an output folder while it is written and replaced, named {@code .NAME.ID.SUFFIX}. The suffix
 * determines how a folder is handled that a killed process left behind.
 *
 * @param folder real path of the output
 * @param renamer renames folders
 */
record StagingFolders(Path folder, Renamer renamer) {
    private static final Logger LOG = LoggerFactory.getLogger(StagingFolders.class);
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
        return renamer.rename(part, renamed(part, PART, FINISHED));
    }

    /**
     * Moves a finished folder to its final name. A previous output is moved aside first, and moved back if that fails.
     *
     * @return the previous output, which the caller deletes, or null if there was none
     */
    @Nullable
    Path swapIn(Path finished) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            renamer.rename(finished, folder);
            return null;
        }
        Path former = renamer.rename(folder, renamed(finished, FINISHED, PREVIOUS));
        try {
            renamer.rename(finished, folder);
        } catch (IOException e) {
            renamer.rename(former, folder);
            throw e;
        }
        return renamer.rename(former, renamed(former, PREVIOUS, DELETE));
    }

    /**
     * Completes what a killed process began: a finished output is moved to its final name if that is free or, without
     * one, the previous output is moved back. A finished output that finds another one in its place stays. Each is
     * logged. The caller must hold the lock of the output.
     */
    void recover() throws IOException {
        completeSwaps();
        for (Path finished : finished()) {
            if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
                LOG.warn(
                        "{} is the finished output of a run that was stopped before it was moved to {}; move it elsewhere"
                                + " if you need it, else delete it",
                        finished,
                        folder);
            } else {
                renamer.rename(finished, folder);
                LOG.warn("{} is the finished output of a run that was stopped before it was moved there", folder);
            }
        }
    }

    /** Complete outputs that were not moved to their final name, the newest first. */
    private List<Path> finished() throws IOException {
        List<Path> all = new ArrayList<>(leftovers(FINISHED));
        all.addAll(leftovers(PART));
        all.removeIf(path -> !isComplete(path));
        all.sort(Comparator.comparing(StagingFolders::modified).reversed());
        return all;
    }

    private static FileTime modified(Path finished) {
        try {
            return Files.getLastModifiedTime(finished.resolve(AtomicFolder.MARKER));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The complete output of a run that was stopped while it moved it to its final name, which is free.
     *
     * @param missing a path in the output
     * @return the output, or null if there is none
     */
    static @Nullable Path interrupted(Path missing) {
        Path folder = missing.toAbsolutePath().normalize();
        while (folder.getParent() != null && !Files.exists(folder.getParent())) {
            folder = folder.getParent();
        }
        if (folder.getParent() == null || Files.exists(folder)) {
            return null;
        }
        try {
            StagingFolders staging = new StagingFolders(folder, Renamer.FILES);
            List<Path> all = new ArrayList<>(staging.finished());
            all.addAll(staging.leftovers(PREVIOUS));
            return all.isEmpty() ? null : all.get(0);
        } catch (IOException | UncheckedIOException e) {
            // Only a hint in the message about the missing file.
            return null;
        }
    }

    private void completeSwaps() throws IOException {
        List<Path> all = leftovers(PREVIOUS);
        for (int i = all.size() - 1; i >= 0; i--) {
            Path former = all.get(i);
            Path finished = renamed(former, PREVIOUS, FINISHED);
            boolean isFinished = Files.isDirectory(finished, LinkOption.NOFOLLOW_LINKS);
            boolean isFree = !Files.exists(folder, LinkOption.NOFOLLOW_LINKS);
            if (isFree) {
                renamer.rename(isFinished ? finished : former, folder);
                LOG.warn(
                        "{} is the {} output of a run that was stopped while it replaced the other one",
                        folder,
                        isFinished ? "finished" : "previous");
            }
            if (isFree ? isFinished : !isFinished && Files.exists(folder.resolve(AtomicFolder.MARKER))) {
                renamer.rename(former, renamed(former, PREVIOUS, DELETE));
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
