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
public final class InputSnapshot {
    private final Map<Path, String> states;
    private final StateReader reader;

    /** How the state of a file becomes a text. */
    @FunctionalInterface
    private interface StateReader {
        String of(Path file);
    }

    private InputSnapshot(Collection<Path> files, StateReader mark) {
        this.reader = mark;
        states = new LinkedHashMap<>();
        files.forEach(file -> states.computeIfAbsent(file, mark::of));
    }

    /** Hashes files. @throws BadInputException if one cannot be read */
    public static InputSnapshot byContent(Collection<Path> files) {
        return new InputSnapshot(files, Sha256::of);
    }

    /** Takes size, times and inode of files. @throws BadInputException if one is not there */
    public static InputSnapshot byMetadata(Collection<Path> files) {
        return new InputSnapshot(files, InputSnapshot::metadata);
    }

    /** The hash of a file that is one of {@link #byContent}. */
    public String sha256(Path file) {
        return Optional.ofNullable(states.get(file)).orElseThrow();
    }

    /** Verifies all files. @throws BadInputException if one is not the file that was there at the start */
    public void requireUnchanged() {
        List<String> changed = new ArrayList<>();
        states.forEach((file, before) -> {
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
            return reader.of(file);
        } catch (BadInputException e) {
            return "unreadable: " + e.getMessage();
        }
    }

    private static String metadata(Path file) {
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
    public static List<Path> existing(Path folder, Collection<String> names) {
        return names.stream().map(folder::resolve).filter(Files::isRegularFile).toList();
    }
}
