package org.llava4j.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BatchCursor;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.CheckpointManager;
import org.llava4j.train.checkpoint.ParentCheckpoint;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.checkpoint.TrainerState;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.MonitoringFiles;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;

/** Checkpointing of a stage's run: decides where it resumes and saves checkpoints. */
final class RunCheckpointer implements AutoCloseable {
    private final CheckpointPolicy policy;
    private final Path folder;
    private final CheckpointManager checkpoints;
    private final Fingerprint identity;
    private final Fingerprint environment;
    private final BadSampleLog bad;
    private final TrainingListener listener;
    private @Nullable SavedCheckpoint resumed;
    private List<ParentCheckpoint> startedFrom = List.of();
    private SortedMap<String, String> weightsBefore = new TreeMap<>();

    private RunCheckpointer(
            CheckpointPolicy policy,
            Path folder,
            CheckpointManager checkpoints,
            Fingerprint identity,
            Fingerprint environment,
            BadSampleLog bad,
            TrainingListener listener) {
        this.policy = policy;
        this.folder = folder;
        this.checkpoints = checkpoints;
        this.identity = identity;
        this.environment = environment;
        this.bad = bad;
        this.listener = listener;
    }

    /**
     * Opens the checkpoint folder of a run and finds the checkpoint to resume from.
     *
     * @param folder the folder of {@code policy}
     * @param identity identity of the run
     * @param environment what only rounding depends on
     * @param bad log of skipped samples, part of each checkpoint
     * @throws BadInputException if existing checkpoints belong to another run, or {@code --resume} is needed and
     *     missing
     */
    static RunCheckpointer open(
            CheckpointPolicy policy,
            Path folder,
            Fingerprint identity,
            Fingerprint environment,
            BadSampleLog bad,
            TrainingListener listener) {
        CheckpointManager checkpoints = CheckpointManager.open(folder, policy.saveTotalLimit(), listener::notice);
        RunCheckpointer saver = new RunCheckpointer(policy, folder, checkpoints, identity, environment, bad, listener);
        return CloseOnFailure.run(checkpoints, () -> {
            saver.resolveResume();
            return saver;
        });
    }

    private void resolveResume() {
        SavedCheckpoint newest = checkpoints.newest();
        switch (policy.resume()) {
            case NEVER -> checkpoints.clear();
            case ASK -> {
                if (newest != null) {
                    throw new BadInputException(folder + " holds checkpoints of an earlier run, the last is "
                            + newest.path().getFileName()
                            + "; resume from it (--resume auto), or remove them and start over (--resume never)");
                }
            }
            case AUTO -> {
                if (newest != null) {
                    resume(newest);
                }
            }
            case FROM -> start(SavedCheckpoint.read(Objects.requireNonNull(policy.from())), newest);
        }
    }

    private void resume(SavedCheckpoint checkpoint) {
        Recorded recorded = recorded(checkpoint);
        List<String> differences = RunIdentity.stepDifferences(recorded.identity(), identity);
        if (!differences.isEmpty()) {
            throw new BadInputException(
                    checkpoint.path() + " belongs to another run: " + Fingerprint.summarize(differences)
                            + "; use the original values, start over (--resume never, or remove " + folder
                            + "), or start a new run from it (--resume " + checkpoint.path() + ")");
        }
        resumed = checkpoint;
        startedFrom = recorded.startedFrom();
        listener.notice("resuming from " + checkpoint.path());
        reportDifferences("changed since then: ", RunIdentity.otherDifferences(recorded.identity(), identity));
        reportDifferences(
                "results may differ by rounding: ",
                RunIdentity.current(recorded.environment()).differences(environment));
    }

    private void reportDifferences(String what, List<String> differences) {
        if (!differences.isEmpty()) {
            listener.notice(what + Fingerprint.summarize(differences));
        }
    }

    /**
     * What a checkpoint recorded about its run.
     *
     * @param identity identity of the run
     * @param environment what only rounding depends on
     * @param startedFrom checkpoints of other runs from which the run was started
     */
    private record Recorded(Fingerprint identity, Fingerprint environment, List<ParentCheckpoint> startedFrom) {}

    private static Recorded recorded(SavedCheckpoint checkpoint) {
        TrainerState state = checkpoint.state();
        if (state.identity() == null || state.environment() == null || state.startedFrom() == null) {
            throw new BadInputException(
                    checkpoint.path() + " was written by an older version, which did not record everything that"
                            + " a run depends on; resume it with that version, or start over (--resume never)");
        }
        return new Recorded(state.identity(), state.environment(), state.startedFrom());
    }

    /** Starts a new run from a checkpoint and records the checkpoint. */
    private void start(SavedCheckpoint checkpoint, @Nullable SavedCheckpoint newest) {
        Recorded recorded = recorded(checkpoint);
        if (newest != null) {
            requireNewestAndComparable(checkpoint, recorded, newest);
        }
        List<String> differences = RunIdentity.stepDifferences(recorded.identity(), identity);
        resumed = checkpoint;
        startedFrom = new ArrayList<>(recorded.startedFrom());
        startedFrom.add(new ParentCheckpoint(checkpoint.path().toString(), checkpoint.step(), differences));
        listener.notice("a new run, started from " + checkpoint.path()
                + (differences.isEmpty() ? ", without differences" : "; " + Fingerprint.summarize(differences)));
    }

    /**
     * Checks that checkpoints of the new run do not mix with later ones, or with validation losses that are not
     * comparable.
     */
    private void requireNewestAndComparable(SavedCheckpoint checkpoint, Recorded recorded, SavedCheckpoint last) {
        String instead = "; use another --output-dir or --checkpoint-dir for the new run";
        if (!real(last.path()).equals(real(checkpoint.path()))) {
            throw new BadInputException(folder + " holds checkpoints after " + checkpoint.path() + ", the last is "
                    + last.path().getFileName() + instead);
        }
        if (!RunIdentity.sameEvaluation(recorded.identity(), identity)) {
            throw new BadInputException("the validation losses in " + folder
                    + " are not comparable with those of the new run, whose evaluation settings differ" + instead);
        }
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + path + " (" + e + ")", e);
        }
    }

    /** Restores the checkpoint that the run resumes from, if any; the remaining steps are those of one process. */
    void restore(Trainer trainer, LlavaBatchIterator batches) {
        if (resumed != null) {
            TrainerState state = resumed.state();
            CheckpointManager.restore(resumed.path(), trainer.arrays());
            trainer.resumeFrom(state.totals());
            batches.seek(state.cursor());
            bad.addAll(state.badSamples());
        }
    }

    /** Checkpoints of other runs from which the run was started. */
    List<ParentCheckpoint> startedFrom() {
        return startedFrom;
    }

    /**
     * Checks that the resumed checkpoint fits the loaded run.
     *
     * @param before hash of each group of weights before the first step
     * @param totalSteps steps of the run
     * @param sources number of data sources
     * @throws BadInputException if it does not fit
     */
    void requireCompatible(SortedMap<String, String> before, int totalSteps, int sources) {
        weightsBefore = before;
        if (resumed == null) {
            return;
        }
        TrainerState state = resumed.state();
        if (policy.resume() == ResumeMode.AUTO && !state.weightsBefore().equals(before)) {
            throw new BadInputException(resumed.path() + " belongs to a run with other initial weights: "
                    + Fingerprint.summarize(new Fingerprint(state.weightsBefore()).differences(new Fingerprint(before)))
                    + "; use the original model, or start over (--resume never)");
        }
        if (state.step() > totalSteps) {
            throw new BadInputException(resumed.path() + " is at step " + state.step() + ", but the run has only "
                    + totalSteps + " steps; use more steps, or start over (--resume never)");
        }
        if (state.totals().samplesPerSource().size() > 0
                && state.totals().samplesPerSource().size() != sources) {
            throw new BadInputException(resumed.path() + " belongs to a run with "
                    + state.totals().samplesPerSource().size() + " data sources, but this run has " + sources
                    + "; use the same sources, or start over (--resume never)");
        }
    }

    /** Folder of the checkpoints and of the log while the run is in progress. */
    Path folder() {
        return folder;
    }

    /** Path of the metrics log while the run is in progress; starts with the log of the resumed checkpoint. */
    Path liveLog() {
        Path log = folder.resolve(MetricsLog.FILE);
        try {
            if (resumed != null) {
                Files.copy(resumed.path().resolve(MetricsLog.FILE), log, StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.deleteIfExists(log);
                MonitoringFiles.delete(folder, listener::notice);
            }
        } catch (IOException e) {
            throw new BadInputException("cannot write " + log + " (" + e + "); choose another output folder", e);
        }
        return log;
    }

    /**
     * Moves the log and the other {@link MonitoringFiles} to the output of a finished run.
     *
     * @throws BadInputException if the log cannot be copied
     */
    void moveRunFiles(Path output) {
        MonitoringFiles.copy(folder, output, listener::notice);
        MonitoringFiles.delete(folder, listener::notice);
    }

    /** Whether a checkpoint is due after a step. */
    boolean isDue(int step, int totalSteps) {
        return writesRegularly() && step % policy.saveSteps() == 0 && step < totalSteps;
    }

    /** Whether checkpoints are written at regular steps, not only when the run is stopped. */
    boolean writesRegularly() {
        return policy.saveSteps() > 0;
    }

    /** Whether the newest checkpoint is of this step. */
    boolean hasCheckpoint(int step) {
        SavedCheckpoint newest = checkpoints.newest();
        return newest != null && newest.step() == step;
    }

    /** The checkpoint with the lowest validation loss, or null if none has one. */
    @Nullable
    SavedCheckpoint best() {
        return checkpoints.best();
    }

    /**
     * Saves a checkpoint.
     *
     * @param validation validation loss at this step; null if not evaluated
     */
    Path save(Trainer trainer, BatchCursor cursor, @Nullable Double validation) {
        TrainerState state = new TrainerState(
                identity, environment, startedFrom, weightsBefore, cursor, trainer.totals(), bad.all(), validation);
        return checkpoints.save(state, trainer.arrays(), folder.resolve(MetricsLog.FILE));
    }

    @Override
    public void close() {
        checkpoints.close();
    }
}
