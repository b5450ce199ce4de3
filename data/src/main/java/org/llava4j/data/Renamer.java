package org.llava4j.data;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The renames that make an output visible. A crash may come between any two of them; tests put one there. */
@FunctionalInterface
interface Renamer {
    /** Renames on the file system. */
    Renamer FILES = Files::move;

    /** Renames a file or folder; see {@link Files#move}. */
    Path rename(Path from, Path to, CopyOption... options) throws IOException;

    /** Renames a file onto another one in one step, where the file system can. */
    default void replace(Path from, Path to) throws IOException {
        try {
            rename(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            rename(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
