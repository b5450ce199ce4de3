package org.llava4j.train.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;

/**
 * The checkpoints of one run, a folder each: {@code checkpoint-00000120} and so on. Each is whole or not there. The last
 * few are kept, and the one with the lowest validation loss; an older one goes only when a newer one is in its place. One
 * process at a time has them.
 */
public final class RunCheckpoints implements AutoCloseable {
    private static final String KIND = "checkpoint";
    private static final String STATE = "state.json";
    private static final String HASHES = "sha256.json";
    private static final String LOCK = "run.lock";
    private static final Pattern NAME = Pattern.compile("checkpoint-\\d{8}");
    private static final Pattern LEFTOVER = Pattern.compile("\\.checkpoint-\\d{8}\\.[0-9a-f]+\\.(part|old)");

    private final Path folder;
    private final int keep;
    private final FileChannel channel;
    private final FileLock lock;

    private RunCheckpoints(Path folder, int keep, FileChannel channel, FileLock lock) {
        this.folder = folder;
        this.keep = keep;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Opens the folder for one run and removes what a killed one left half-written.
     *
     * @param keep how many of the last are kept, 1 or more
     * @throws BadInputException if it cannot be written, or another process has it
     */
    public static RunCheckpoints open(Path folder, int keep) {
        FileChannel channel = null;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new BadInputException(folder
                        + ": another run is writing its checkpoints there; wait for it, or choose another output");
            }
            RunCheckpoints checkpoints = new RunCheckpoints(folder, keep, channel, lock);
            for (Path leftover : checkpoints.list(LEFTOVER)) {
                AtomicFolder.delete(leftover);
            }
            return checkpoints;
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write checkpoints to " + folder + " (" + e + "); choose another output folder", e);
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** All that are there, the oldest first. */
    public List<Path> all() {
        return list(NAME);
    }

    /**
     * Writes a checkpoint, then removes those that are not kept any more.
     *
     * @param log the run's metrics so far, which go with it; null for none
     * @throws BadInputException if it cannot be written; the ones before are then untouched
     */
    public Path save(RunState state, RunArrays arrays, Path log) {
        Path target = folder.resolve(String.format(Locale.ROOT, "checkpoint-%08d", state.step()));
        try (AtomicFolder checkpoint = AtomicFolder.begin(target, KIND)) {
            Path path = checkpoint.path();
            arrays.write(path);
            AtomicFile.writeString(path.resolve(STATE), JsonInput.write(state));
            if (log != null) {
                copy(log, path.resolve(log.getFileName()));
            }
            Hashes.write(path);
            checkpoint.commit();
        }
        retain();
        return target;
    }

    private void retain() {
        List<Path> all = all();
        Optional<Path> best = best().map(Scored::path);
        for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
            if (!best.equals(Optional.of(old))) {
                remove(old);
            }
        }
    }

    /** Under another name first: a process that is killed meanwhile leaves no half of a checkpoint under this one. */
    private void remove(Path checkpoint) {
        Path gone = folder.resolve("." + checkpoint.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".old");
        try {
            Files.move(checkpoint, gone);
        } catch (IOException e) {
            throw new BadInputException("cannot remove " + checkpoint + " (" + e + ")", e);
        }
        AtomicFolder.delete(gone);
    }

    /** The one with the lowest validation loss, the earliest of several. */
    public Optional<Scored> best() {
        return all().stream()
                .map(path -> new Scored(path, scoreOf(path)))
                .filter(scored -> !Double.isNaN(scored.loss()))
                .min(Comparator.comparingDouble(Scored::loss));
    }

    /** A checkpoint and its loss on held-out data. */
    public record Scored(Path path, double loss) {}

    private static double scoreOf(Path checkpoint) {
        Double validation = state(checkpoint).validation();
        return validation == null ? Double.NaN : validation;
    }

    /**
     * The newest whose files are as they were written.
     *
     * @param broken is told of each newer one that is not
     */
    public Optional<Path> newest(Consumer<String> broken) {
        List<Path> all = new ArrayList<>(all());
        for (int i = all.size() - 1; i >= 0; i--) {
            Optional<String> problem = Hashes.problem(all.get(i));
            if (problem.isEmpty()) {
                return Optional.of(all.get(i));
            }
            broken.accept(all.get(i) + " is passed over: " + problem.get());
        }
        return Optional.empty();
    }

    /** Where the run stood. */
    public static RunState state(Path checkpoint) {
        return JsonInput.read(checkpoint.resolve(STATE), RunState.class);
    }

    /** Puts the arrays of a checkpoint into those of a run. */
    public static void restore(Path checkpoint, RunArrays arrays) {
        arrays.read(checkpoint);
    }

    /** Removes all: a run begins anew. */
    public void clear() {
        all().forEach(this::remove);
    }

    private List<Path> list(Pattern name) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file -> name.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + folder + " (" + e + ")", e);
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw new BadInputException("cannot copy " + from + " to " + to + " (" + e + "); is the disk full?", e);
        }
    }

    /** Gives the folder free, and removes it if nothing but the lock is in it. */
    @Override
    public void close() {
        try {
            Path held = folder.resolve(LOCK);
            try (Stream<Path> files = Files.list(folder)) {
                if (files.allMatch(held::equals)) {
                    Files.delete(held);
                    Files.delete(folder);
                }
            }
            lock.release();
            channel.close();
        } catch (IOException e) {
            throw new BadInputException("cannot release " + folder.resolve(LOCK) + " (" + e + ")", e);
        }
    }

    /** What the files of a checkpoint were when it was written. */
    private record Hashes(SortedMap<String, String> files) {

        static void write(Path checkpoint) {
            AtomicFile.writeString(checkpoint.resolve(HASHES), JsonInput.write(of(checkpoint)));
        }

        static Optional<String> problem(Path checkpoint) {
            try {
                Hashes written = JsonInput.read(checkpoint.resolve(HASHES), Hashes.class);
                return written.equals(of(checkpoint))
                        ? Optional.empty()
                        : Optional.of("its files are not what was written");
            } catch (BadInputException e) {
                return Optional.of(e.getMessage());
            }
        }

        private static Hashes of(Path checkpoint) {
            SortedMap<String, String> files = new TreeMap<>();
            try (Stream<Path> all = Files.list(checkpoint)) {
                for (Path file : all.toList()) {
                    String name = file.getFileName().toString();
                    if (!name.equals(HASHES)) {
                        files.put(name, Sha256.of(file));
                    }
                }
            } catch (IOException e) {
                throw new BadInputException("cannot read " + checkpoint + " (" + e + ")", e);
            }
            return new Hashes(files);
        }
    }
}
