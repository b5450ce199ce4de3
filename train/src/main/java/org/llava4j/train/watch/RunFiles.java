package org.llava4j.train.watch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files by which a run can be followed, known by their names. */
public final class RunFiles {
    private RunFiles() {}

    /** Those that are in a folder, in the order of their names. */
    public static List<Path> in(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(RunFiles::isOne).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static boolean isOne(Path file) {
        String name = file.getFileName().toString();
        return name.equals(RunLog.FILE) || name.equals(RunPage.FILE) || name.startsWith(TensorBoardLog.PREFIX);
    }
}
