package org.llava4j.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.Objects;

/** Short descriptions of I/O failures for error messages. */
final class IoReason {
    static final String DENIED = "permission denied";

    private IoReason() {}

    /** Describes a failure, with the detail that the operating system adds. */
    static String of(IOException e) {
        if (e instanceof AccessDeniedException) {
            return DENIED;
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "a file of that name exists" + file(e);
        }
        if (e instanceof NotDirectoryException) {
            return "it is not a folder";
        }
        if (e instanceof DirectoryNotEmptyException) {
            return "the folder is not empty";
        }
        if (e instanceof FileSystemLoopException) {
            return "its symbolic links form a loop";
        }
        if (e instanceof CharacterCodingException) {
            return "it is not UTF-8";
        }
        return ofSystem(e);
    }

    /** Returns the cause of a failure, which this exception always has. */
    static IOException cause(UncheckedIOException e) {
        return Objects.requireNonNull(e.getCause());
    }

    private static String ofSystem(IOException e) {
        String text = e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : String.valueOf(e.getMessage());
        String known = text.toLowerCase(Locale.ROOT);
        if (known.contains(DENIED)) {
            return DENIED;
        }
        if (known.contains("too many levels of symbolic links")) {
            return "its symbolic links form a loop";
        }
        if (known.contains("is a directory")) {
            return "it is a folder";
        }
        if (known.contains("no space left") || known.contains("quota exceeded")) {
            return "the disk is full";
        }
        if (e instanceof FileNotFoundException && known.contains("no such file")) {
            return "no such file or folder";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName().replace("Exception", "") : e.getMessage();
    }

    private static String file(IOException e) {
        String path = ((FileSystemException) e).getFile();
        return path == null ? "" : ": " + path;
    }
}
