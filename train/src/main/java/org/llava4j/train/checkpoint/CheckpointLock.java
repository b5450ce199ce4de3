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

/** The lock of a folder of checkpoints: one process at a time writes there. */
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

    /** Makes the folder and locks it. @throws BadInputException if another process has it, or it cannot be written */
    static CheckpointLock of(Path folder) {
        Path file = folder.resolve(FILE);
        FileChannel channel = null;
        FileLock lock = null;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Another run of this process has it: the same answer as for one of another process, below.
            lock = null;
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write checkpoints to " + folder + " (" + e + "); choose another output folder", e);
        } finally {
            if (lock == null) {
                closeQuietly(channel);
            }
        }
        if (lock == null) {
            throw new BadInputException(
                    folder + ": another run is writing its checkpoints there; wait for it, or choose another output");
        }
        return new CheckpointLock(file, channel, lock);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // The process does not hold the lock; the failure that led here is what the user has to know.
            return;
        }
    }

    /**
     * Unlocks the folder, and removes it if nothing but the lock file is in it. The run is over: a failure is only told.
     */
    void release(Consumer<String> notices) {
        try {
            removeIfAlone();
        } catch (IOException | RuntimeException e) {
            notices.accept("cannot clear " + file.getParent() + " (" + e + "); nothing of the run depends on it");
        }
        try (channel) {
            lock.release();
        } catch (IOException e) {
            notices.accept("cannot unlock " + file + " (" + e + "); it is unlocked when this process ends");
        }
    }

    private void removeIfAlone() throws IOException {
        boolean alone;
        try (Stream<Path> files = Files.list(file.getParent())) {
            alone = files.allMatch(file::equals);
        }
        if (alone) {
            Files.deleteIfExists(file);
            Files.delete(file.getParent());
        }
    }
}
