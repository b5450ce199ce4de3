package org.llava4j.train.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.JsonInput;
import org.llava4j.data.OutputLock;

/**
 * Checkpoints of one run, one folder each ({@code checkpoint-00000120}): saves, lists, restores and deletes them.
 *
 * <p>All checkpoints are verified once, when the run opens their folder; only valid ones are used. An invalid folder
 * with such a name is reported once and never changed; a new checkpoint of the same step gets a suffix. The last few
 * checkpoints and the one with the lowest validation loss are kept. A lock allows one process at a time.
 */
public final class CheckpointManager implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("checkpoint-\\d{8}(-\\d+)?");
    private static final Pattern LEFTOVER =
            Pattern.compile("\\.checkpoint-\\d{8}(-\\d+)?\\.([0-9a-f]+\\.(part|finished|old|delete)|lock)");
    private static final Pattern INTERRUPTED =
            Pattern.compile("\\.(checkpoint-\\d{8}(-\\d+)?)\\.[0-9a-f]+\\.(part|finished|former)");

    private final Path folder;
    private final int keep;
    private final Consumer<String> notices;
    private final OutputLock lock;
    private final Set<Path> reported = new HashSet<>();

    /** Oldest first. */
    private final List<SavedCheckpoint> valid = new ArrayList<>();

    private CheckpointManager(Path folder, int keep, Consumer<String> notices, OutputLock lock) {
        this.folder = folder;
        this.keep = keep;
        this.notices = notices;
        this.lock = lock;
    }

    /**
     * Locks the folder for one run, removes incomplete checkpoints of a killed process, and verifies the others.
     *
     * @param keep how many of the last checkpoints to keep, at least 1
     * @param notices receives one line for each folder that is not a valid checkpoint or cannot be removed
     * @throws BadInputException if the folder cannot be written, or another process holds its lock
     */
    public static CheckpointManager open(Path folder, int keep, Consumer<String> notices) {
        CheckpointManager checkpoints = new CheckpointManager(folder, keep, notices, locked(folder));
        return CloseOnFailure.run(checkpoints, () -> {
            checkpoints.recover();
            checkpoints.list(LEFTOVER).forEach(checkpoints::delete);
            for (Path path : checkpoints.list(NAME)) {
                SavedCheckpoint verified = checkpoints.verified(path);
                if (verified != null) {
                    checkpoints.valid.add(verified);
                }
            }
            checkpoints.valid.sort(Comparator.comparingInt(SavedCheckpoint::step));
            return checkpoints;
        });
    }

    /** Moves checkpoints to their place that a killed process had finished or was replacing. */
    private void recover() {
        Set<String> names = new TreeSet<>();
        for (Path leftover : list(INTERRUPTED)) {
            Matcher name = INTERRUPTED.matcher(leftover.getFileName().toString());
            if (name.matches()) {
                names.add(name.group(1));
            }
        }
        names.forEach(name -> AtomicFolder.recover(folder.resolve(name)));
    }

    private static OutputLock locked(Path folder) {
        try {
            Files.createDirectories(folder);
            return OutputLock.of(folder.toRealPath().resolve("run"), folder);
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write checkpoints to " + folder + " (" + e + "); choose another output folder", e);
        }
    }

    private @Nullable SavedCheckpoint verified(Path path) {
        try {
            return SavedCheckpoint.read(path);
        } catch (BadInputException e) {
            report(path, path + " is not a valid checkpoint and is skipped: " + e.getMessage());
            return null;
        }
    }

    private void report(Path path, String line) {
        if (reported.add(path)) {
            notices.accept(line);
        }
    }

    /** All valid checkpoints, oldest first. */
    List<SavedCheckpoint> valid() {
        return List.copyOf(valid);
    }

    /** The newest valid checkpoint, or null if there is none. */
    public @Nullable SavedCheckpoint newest() {
        return valid.isEmpty() ? null : valid.get(valid.size() - 1);
    }

    /**
     * The valid checkpoint with the lowest validation loss, the earliest of several. It is verified again, because a
     * run may last long.
     *
     * @return the checkpoint, or null if none has a validation loss
     */
    public @Nullable SavedCheckpoint best() {
        SavedCheckpoint best = lowest();
        while (best != null && verified(best.path()) == null) {
            valid.remove(best);
            best = lowest();
        }
        return best;
    }

    private @Nullable SavedCheckpoint lowest() {
        return valid.stream()
                .filter(checkpoint -> !Double.isNaN(checkpoint.validationLoss()))
                .min(Comparator.comparingDouble(SavedCheckpoint::validationLoss))
                .orElse(null);
    }

    /**
     * Writes a checkpoint, then removes those that are no longer kept.
     *
     * @param log the run's {@code metrics.jsonl} so far, copied into the checkpoint; null for none
     * @throws BadInputException if it cannot be written; earlier checkpoints are untouched then
     */
    public Path save(TrainerState state, CheckpointTensors arrays, @Nullable Path log) {
        Path target = target(state.step());
        try (AtomicFolder checkpoint = AtomicFolder.begin(target, SavedCheckpoint.KIND)) {
            Path path = checkpoint.path();
            arrays.write(path);
            AtomicFile.writeString(path.resolve(SavedCheckpoint.STATE), JsonInput.write(state));
            if (log != null) {
                copy(log, path.resolve(log.getFileName()));
            }
            checkpoint.commit();
        }
        valid.removeIf(former -> former.path().equals(target));
        valid.add(new SavedCheckpoint(target, state));
        retain();
        return target;
    }

    /** The folder of a step's checkpoint; with a suffix if an invalid folder has that name. */
    private Path target(int step) {
        String name = String.format(Locale.ROOT, "checkpoint-%08d", step);
        Path target = folder.resolve(name);
        for (int i = 2; Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !isValid(target); i++) {
            target = folder.resolve(name + "-" + i);
        }
        return target;
    }

    private boolean isValid(Path path) {
        return valid.stream().anyMatch(checkpoint -> checkpoint.path().equals(path));
    }

    private void retain() {
        SavedCheckpoint best = lowest();
        for (SavedCheckpoint old : List.copyOf(valid.subList(0, Math.max(0, valid.size() - keep)))) {
            if (!old.equals(best)) {
                try {
                    remove(old);
                } catch (IOException e) {
                    // Not fatal; the next save tries again.
                    report(old.path(), "cannot remove " + old.path() + " (" + e + "); it remains on disk");
                }
            }
        }
    }

    /** Renames the folder before deleting it, so that a process killed meanwhile leaves no incomplete checkpoint. */
    private void remove(SavedCheckpoint checkpoint) throws IOException {
        Path path = checkpoint.path();
        Path gone = folder.resolve("." + path.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".old");
        try {
            Files.move(path, gone);
        } catch (NoSuchFileException e) {
            // Another process has removed it.
            valid.remove(checkpoint);
            return;
        }
        valid.remove(checkpoint);
        delete(gone);
    }

    /** Deletes an incomplete checkpoint; if that fails, the next run tries again. */
    private void delete(Path leftover) {
        try {
            AtomicFolder.delete(leftover);
        } catch (UncheckedIOException e) {
            report(leftover, "cannot remove " + leftover + " (" + e.getCause() + "); it remains on disk");
        }
    }

    /** Reads the tensors of a checkpoint into those of a run. */
    public static void restore(Path checkpoint, CheckpointTensors arrays) {
        arrays.read(checkpoint);
    }

    /**
     * Removes all valid checkpoints, for a run that starts over.
     *
     * @throws BadInputException if one cannot be removed
     */
    public void clear() {
        for (SavedCheckpoint checkpoint : valid()) {
            try {
                remove(checkpoint);
            } catch (IOException e) {
                throw new BadInputException(
                        "cannot remove " + checkpoint.path() + " (" + e + "); remove it, or choose another output", e);
            }
        }
    }

    private List<Path> list(Pattern name) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file -> name.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
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

    /** Unlocks the folder, and removes it if it holds nothing else. A failure is only reported. */
    @Override
    public void close() {
        lock.close();
        try {
            Files.delete(folder.toRealPath());
        } catch (DirectoryNotEmptyException | NoSuchFileException e) {
            // It holds checkpoints, or is gone.
            return;
        } catch (IOException e) {
            notices.accept("cannot remove " + folder + " (" + e + "); the run's output is complete");
        }
    }
}
