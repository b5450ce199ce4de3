package org.llava4j.train.logging;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;

/** Files for monitoring a run: {@code metrics.jsonl}, {@code run.html} and TensorBoard event files. */
public final class MonitoringFiles {
    private MonitoringFiles() {}

    /** The monitoring files of a folder, sorted by name. */
    static List<Path> list(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(MonitoringFiles::isMonitoringFile)
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    /**
     * Copies them to another folder.
     *
     * @param notices receives a line for each display file that cannot be copied
     * @throws BadInputException if {@code metrics.jsonl} cannot be copied
     */
    public static void copy(Path from, Path to, Consumer<String> notices) {
        for (Path file : list(from)) {
            Path target = to.resolve(file.getFileName());
            try {
                Files.copy(file, target);
            } catch (IOException e) {
                if (file.endsWith(MetricsLog.FILE)) {
                    throw new BadInputException("cannot write " + target + " (" + e + "); is the disk full?", e);
                }
                notices.accept("cannot write " + target + " (" + e + "); the output is complete without it");
                discard(target, notices);
            }
        }
    }

    /**
     * Deletes them, and what killed processes of the run left of them.
     *
     * @param notices receives a line for each file that cannot be deleted
     */
    public static void delete(Path folder, Consumer<String> notices) {
        list(folder).forEach(file -> discard(file, notices));
        try {
            AtomicFile.deleteLeftovers(folder.resolve(RunPage.FILE));
        } catch (UncheckedIOException e) {
            notices.accept(e.getMessage() + " (" + e.getCause() + "); it remains on disk");
        }
    }

    private static void discard(Path file, Consumer<String> notices) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            notices.accept("cannot remove " + file + " (" + e + "); it remains on disk");
        }
    }

    private static boolean isMonitoringFile(Path file) {
        String name = file.getFileName().toString();
        return name.equals(MetricsLog.FILE) || name.equals(RunPage.FILE) || name.startsWith(TensorBoardLog.PREFIX);
    }
}
