package org.llava4j.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Lock of an output folder, held while a command writes it: an operating-system lock on a file {@code .NAME.lock}
 * beside the folder, which the system releases when the process ends. The file is removed with the lock; a stale file
 * of a killed process has no effect.
 *
 * <p>Closing any channel of a file releases all POSIX locks of the process on that file. A second writer in the same
 * process is therefore rejected by {@link #HELD} before it opens the file, and the file is never read.
 */
public final class OutputLock implements AutoCloseable {
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final int MAX_ATTEMPTS = 1000;

    private final Path file;
    private final FileChannel channel;

    private OutputLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Locks a folder, which need not exist; its parent folder must.
     *
     * @param folder real path of the folder
     * @param output name of the folder in messages
     * @throws BadInputException if another command writes the folder
     * @throws IOException if the lock file cannot be written
     */
    public static OutputLock of(Path folder, Path output) throws IOException {
        Path file = folder.resolveSibling("." + folder.getFileName() + ".lock");
        if (!HELD.add(file)) {
            throw busy(output);
        }
        FileChannel channel = null;
        try {
            for (int attempt = 0; channel == null; attempt++) {
                if (attempt == MAX_ATTEMPTS) {
                    throw new IOException("other processes keep removing the lock " + file);
                }
                channel = locked(file, output);
            }
            return new OutputLock(file, channel);
        } finally {
            if (channel == null) {
                HELD.remove(file);
            }
        }
    }

    /** The locked channel of the file; null if another process removed the file meanwhile. */
    private static @Nullable FileChannel locked(Path file, Path output) throws IOException {
        FileChannel channel = null;
        boolean done = false;
        try {
            Object before = created(file);
            channel = FileChannel.open(file, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                throw busy(output);
            }
            // A lock on a file that its previous holder has just removed excludes no other process.
            done = before == null || before.equals(key(file));
        } catch (NoSuchFileException e) {
            // The previous holder removed the file between two steps: retry.
            done = false;
        } finally {
            if (!done && channel != null) {
                channel.close();
            }
        }
        return done ? channel : null;
    }

    private static @Nullable Object created(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // Another process holds the lock or was killed; only an attempt to lock the file shows which.
            return key(file);
        }
        return key(file);
    }

    /** The file key (inode) of a path; null on file systems without one. */
    private static @Nullable Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static BadInputException busy(Path output) {
        return new BadInputException(
                output + " is being written by another run; wait for it to end, or choose another output");
    }

    /** Releases the lock and removes its file. */
    @Override
    public void close() {
        try (channel) {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The output is in place; a leftover empty lock file excludes no process.
            return;
        } finally {
            HELD.remove(file);
        }
    }
}
