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

/**
 * The lock of an output folder, held while a command writes it: a file {@code .NAME.lock} beside the folder with a lock of
 * the operating system, which ends with the process. The file is removed when the lock is released; one that a killed process
 * left does not matter.
 *
 * <p>Closing any channel of a file releases the POSIX locks that the process has on it. That is why a second writer in the
 * same process is refused by {@link #HELD} before it opens the file, and why the file is never read.
 */
final class OutputLock implements AutoCloseable {
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final int MAX_ATTEMPTS = 1000;

    private final Path file;
    private final FileChannel channel;

    private OutputLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Locks a folder that need not exist; its parent folder must.
     *
     * @param folder real path of the folder
     * @param output as messages name it
     * @throws BadInputException if another command writes the folder
     * @throws IOException if the lock cannot be written
     */
    static OutputLock of(Path folder, Path output) throws IOException {
        Path file = folder.resolveSibling("." + folder.getFileName() + ".lock");
        if (!HELD.add(file)) {
            throw busy(output);
        }
        FileChannel channel = null;
        try {
            for (int attempt = 0; channel == null; attempt++) {
                if (attempt == MAX_ATTEMPTS) {
                    throw new IOException("the lock " + file + " is removed again and again");
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

    /** The file's channel with the lock; null if another process removed the file meanwhile. */
    private static FileChannel locked(Path file, Path output) throws IOException {
        FileChannel channel = null;
        boolean done = false;
        try {
            Object before = created(file);
            channel = FileChannel.open(file, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                throw busy(output);
            }
            // A lock on a file that its former holder has just removed keeps nobody out.
            done = before == null || before.equals(key(file));
        } catch (NoSuchFileException e) {
            // Removed by its former holder between two steps: not done, and tried again.
            done = false;
        } finally {
            if (!done && channel != null) {
                channel.close();
            }
        }
        return done ? channel : null;
    }

    private static Object created(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // Another process holds it, or a killed one left it: only the lock says which.
            return key(file);
        }
        return key(file);
    }

    /** What identifies the file at a path; null on file systems that have no such thing. */
    private static Object key(Path file) throws IOException {
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
            // What was written is in place; an empty lock file that stays keeps nobody out.
            return;
        } finally {
            HELD.remove(file);
        }
    }
}
