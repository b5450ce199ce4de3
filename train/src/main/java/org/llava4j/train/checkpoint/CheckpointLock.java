package org.llava4j.train.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;

/** Lock of a checkpoint folder: one process at a time writes to it. */
final class CheckpointLock {
    private static final String FILE = "run.lock";

    private final Path file;
    private final FileChannel channel;
    private final FileLock lock;

    private CheckpointLock(Path file, FileChannel channel, FileLock lock) {
        this.file = file;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Creates the folder and locks it.
     *
     * @throws BadInputException if another process holds the lock, or the folder cannot be written
     */
    static CheckpointLock of(Path folder) {
        Path file = folder.resolve(FILE);
        FileChannel channel;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Another run in this process holds the lock; reported below like another process.
            lock = null;
        } catch (IOException e) {
            throw unwritable(folder, e);
        } finally {
            if (lock == null) {
                closeQuietly(channel);
            }
        }
        if (lock == null) {
            throw new BadInputException(
                    folder + " is locked by another run; wait for that run to end, or choose another output folder");
        }
        return new CheckpointLock(file, channel, lock);
    }

    private static BadInputException unwritable(Path folder, IOException cause) {
        return new BadInputException(
                "cannot write checkpoints to " + folder + " (" + cause + "); choose another output folder", cause);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // The failure that led here is reported instead.
            return;
        }
    }

    /**
     * Unlocks the folder, and removes it if it holds only the lock file. The run is over, so a failure is only
     * reported.
     */
    void release(Consumer<String> notices) {
        try {
            removeIfEmpty();
        } catch (IOException | RuntimeException e) {
            notices.accept("cannot clear " + file.getParent() + " (" + e + "); the run's output is complete");
        }
        try (channel) {
            lock.release();
        } catch (IOException e) {
            notices.accept("cannot unlock " + file + " (" + e + "); it is unlocked when this process ends");
        }
    }

    private void removeIfEmpty() throws IOException {
        boolean onlyLock;
        try (Stream<Path> files = Files.list(file.getParent())) {
            onlyLock = files.allMatch(file::equals);
        }
        if (onlyLock) {
            Files.deleteIfExists(file);
            Files.delete(file.getParent());
        }
    }
}
