package org.llava4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files that a command reads, as they are at its start. A command that reads some of them again at its end verifies
 * them before its result is put in place, so that what is written comes from what was read at the start.
 *
 * <p>Files are known by their hash, which reads each of them, or by what the file system says of them (size, times,
 * inode), which reads none.
 */
public final class InputFiles {
    private final Map<Path, String> marks;
    private final Mark mark;

    /** How the state of a file becomes a text. */
    @FunctionalInterface
    private interface Mark {
        String of(Path file);
    }

    private InputFiles(Collection<Path> files, Mark mark) {
        this.mark = mark;
        marks = new LinkedHashMap<>();
        files.forEach(file -> marks.computeIfAbsent(file, mark::of));
    }

    /** Hashes files. @throws BadInputException if one cannot be read */
    public static InputFiles hashed(Collection<Path> files) {
        return new InputFiles(files, Sha256::of);
    }

    /** Takes size, times and inode of files. @throws BadInputException if one is not there */
    public static InputFiles stamped(Collection<Path> files) {
        return new InputFiles(files, InputFiles::stamp);
    }

    /** The hash of a file that is one of {@link #hashed}. */
    public String sha256(Path file) {
        return Optional.ofNullable(marks.get(file)).orElseThrow();
    }

    /** Verifies all files. @throws BadInputException if one is not the file that was there at the start */
    public void requireUnchanged() {
        List<String> changed = new ArrayList<>();
        marks.forEach((file, before) -> {
            if (!before.equals(now(file))) {
                changed.add(file.toString());
            }
        });
        if (!changed.isEmpty()) {
            throw new BadInputException(String.join(", ", changed)
                    + (changed.size() == 1 ? " has" : " have")
                    + " changed since the command began to read; nothing was written");
        }
    }

    private String now(Path file) {
        try {
            return mark.of(file);
        } catch (BadInputException e) {
            return "unreadable: " + e.getMessage();
        }
    }

    private static String stamp(Path file) {
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
                // The time of the last change of the inode cannot be set back by programs that keep file times.
                return Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,ino")
                        .toString();
            }
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return now.size() + " " + now.lastModifiedTime() + " " + now.fileKey();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + IoReason.of(e) + ")", e);
        }
    }

    /** Those of the named files that a folder holds. */
    public static List<Path> those(Path folder, Collection<String> names) {
        return names.stream().map(folder::resolve).filter(Files::isRegularFile).toList();
    }
}
