package org.llava4j.data;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Errors for files that cannot be read, with advice that depends on the cause: a missing file, a missing permission or
 * damage.
 */
public final class FileReadError {
    private FileReadError() {}

    /**
     * Creates the error for a failed read.
     *
     * @param file name of the file in the message
     * @param otherwise advice if the cause is neither a missing file nor a missing permission
     */
    public static BadInputException of(Object file, IOException e, String otherwise) {
        return new BadInputException(
                file + " cannot be read (" + IoReason.of(e) + "); " + advice(file, e, otherwise), e);
    }

    private static String advice(Object file, IOException e, String otherwise) {
        if (e instanceof AccessDeniedException || IoReason.of(e).equals(IoReason.DENIED)) {
            return "grant this user read permission on it and access to its parent folders";
        }
        return isMissing(e) ? missingAdvice(file) : otherwise;
    }

    /** Advice about a file that does not exist: where it is, if it belongs to an output that a killed run left aside. */
    public static String missingAdvice(Object file) {
        Path output = file instanceof Path path ? StagingFolders.interrupted(path) : null;
        return output == null
                ? "check the path"
                : "a run was stopped while it moved its output there: start it again, or rename " + output;
    }

    /**
     * Rejects a path that may exist, but that the operating system does not let this process inspect. A path that does
     * not exist is accepted: callers report it themselves.
     *
     * @throws BadInputException if a permission is missing or symbolic links form a loop
     */
    public static void requireAccessible(Path path) {
        try {
            Files.readAttributes(path, BasicFileAttributes.class);
        } catch (IOException e) {
            if (!isMissing(e)) {
                throw of(path, e, "check the path");
            }
        }
    }

    private static boolean isMissing(IOException e) {
        return e instanceof NoSuchFileException
                || e instanceof NotDirectoryException
                || e instanceof FileSystemException system && "Not a directory".equals(system.getReason());
    }
}
