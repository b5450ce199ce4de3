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
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Snapshot of the files that a command reads, taken at its start. A command that reads files again at its end checks
 * the snapshot before it commits its result, so that the result is consistent with the files at the start.
 *
 * <p>A file is identified either by its content hash, which requires reading it, or by its metadata (size, times,
 * inode).
 */
public final class InputSnapshot {
    private final Map<Path, String> states;
    private final StateReader reader;
    /** Folders that must not get other files. */
    private final List<Path> folders;

    /** Reads the state of a file as text. */
    @FunctionalInterface
    private interface StateReader {
        String of(Path file);
    }

    private InputSnapshot(Collection<Path> files, StateReader reader, List<Path> folders) {
        this.reader = reader;
        this.folders = folders;
        states = new LinkedHashMap<>();
        files.forEach(file -> states.computeIfAbsent(file, reader::of));
    }

    /**
     * Takes a snapshot by content hash.
     *
     * @throws BadInputException if a file cannot be read
     */
    public static InputSnapshot byContent(Collection<Path> files) {
        return new InputSnapshot(files, Sha256::of, List.of());
    }

    /**
     * Takes a snapshot by size, times and inode.
     *
     * @throws BadInputException if a file does not exist
     */
    public static InputSnapshot byMetadata(Collection<Path> files) {
        return new InputSnapshot(files, InputSnapshot::metadata, List.of());
    }

    /**
     * Takes a snapshot of all files of folders by size, times and inode. A file that is added later is a change, too.
     *
     * @param roots folders and single files; links to them are followed, links to folders inside them are not
     * @throws BadInputException if a folder cannot be listed
     */
    public static InputSnapshot ofFolders(Collection<Path> roots) {
        return new InputSnapshot(files(roots), InputSnapshot::metadata, List.copyOf(roots));
    }

    /** The hash of a file of a snapshot made by {@link #byContent}. */
    String sha256(Path file) {
        return Objects.requireNonNull(states.get(file));
    }

    /**
     * Checks that all files are unchanged.
     *
     * @throws BadInputException if a file differs from the snapshot
     */
    public void requireUnchanged() {
        requireUnchanged(states.keySet());
        Set<Path> added = files(folders);
        added.removeAll(states.keySet());
        for (Path file : added) {
            throw changed(file + " was added");
        }
    }

    /**
     * Checks that some of the files are unchanged.
     *
     * @throws BadInputException if a file differs from the snapshot
     */
    public void requireUnchanged(Collection<Path> files) {
        List<String> changed = new ArrayList<>();
        for (Path file : files) {
            if (!Objects.requireNonNull(states.get(file)).equals(now(file))) {
                changed.add(file.toString());
            }
        }
        if (!changed.isEmpty()) {
            throw changed(String.join(", ", changed) + (changed.size() == 1 ? " has" : " have") + " changed");
        }
    }

    private static BadInputException changed(String what) {
        return new BadInputException(what + " since the command started; nothing was written");
    }

    private static Set<Path> files(Collection<Path> roots) {
        Set<Path> files = new TreeSet<>();
        for (Path root : roots) {
            try {
                if (Files.isDirectory(root)) {
                    Stream.concat(Stream.of(AtomicFolder.MARKER), FileManifest.content(root).keySet().stream())
                            .map(root::resolve)
                            .filter(Files::isRegularFile)
                            .forEach(files::add);
                } else {
                    files.add(root);
                }
            } catch (IOException e) {
                throw FileManifest.unreadable(root, e);
            }
        }
        return files;
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
                // Programs that preserve file times cannot reset the inode change time.
                return Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,ino")
                        .toString();
            }
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return now.size() + " " + now.lastModifiedTime() + " " + now.fileKey();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + IoReason.of(e) + ")", e);
        }
    }

    /** The named files that exist in a folder. */
    public static List<Path> existing(Path folder, Collection<String> names) {
        return names.stream().map(folder::resolve).filter(Files::isRegularFile).toList();
    }
}
