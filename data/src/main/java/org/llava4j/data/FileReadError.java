package org.llava4j.data;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The error for a file that cannot be read: a missing file, a missing permission and a damaged file are told apart. */
public final class FileReadError {
    private FileReadError() {}

    /**
     * The error for a failure.
     *
     * @param file as the user knows it
     * @param otherwise what to do where the failure is neither a missing file nor a missing permission
     */
    public static BadInputException of(Object file, IOException e, String otherwise) {
        return new BadInputException(file + " cannot be read (" + IoReason.of(e) + "); " + advice(e, otherwise), e);
    }

    private static String advice(IOException e, String otherwise) {
        if (e instanceof AccessDeniedException || IoReason.of(e).equals(IoReason.DENIED)) {
            return "give this user the right to read it and to enter the folders above it";
        }
        return isMissing(e) ? "check the path" : otherwise;
    }

    /**
     * Refuses a path that may well exist, but that the operating system does not let this process look at. A path that does
     * not exist passes: the caller knows what is missing there.
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
