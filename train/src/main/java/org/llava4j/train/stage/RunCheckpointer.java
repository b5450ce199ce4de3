package org.llava4j.train.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.checkpoint.CheckpointManager;
import org.llava4j.train.checkpoint.ParentCheckpoint;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.checkpoint.TrainerState;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.MonitoringFiles;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.CheckpointPolicy.ResumeMode;

/** Checkpointing of a stage's run: decides where it resumes and saves checkpoints. */
final class RunCheckpointer implements AutoCloseable {
    private final CheckpointPolicy policy;
    private final CheckpointManager checkpoints;
    private final Fingerprint identity;
    private final Fingerprint environment;
    private final TrainingListener listener;
    private Optional<SavedCheckpoint> resumed = Optional.empty();
    private List<ParentCheckpoint> startedFrom = List.of();

    private RunCheckpointer(
            CheckpointPolicy policy,
            CheckpointManager checkpoints,
            Fingerprint identity,
            Fingerprint environment,
            TrainingListener listener) {
        this.policy = policy;
        this.checkpoints = checkpoints;
        this.identity = identity;
        this.environment = environment;
        this.listener = listener;
    }

    /**
     * Opens the checkpoint folder of a run and finds the checkpoint to resume from.
     *
     * @param identity identity of the run
     * @param environment what only rounding depends on
     * @throws BadInputException if existing checkpoints belong to another run, or {@code --resume} is needed and
     *     missing
     */
    static RunCheckpointer open(
            CheckpointPolicy policy, Fingerprint identity, Fingerprint environment, TrainingListener listener) {
        CheckpointManager checkpoints =
                CheckpointManager.open(policy.folder(), policy.saveTotalLimit(), listener::notice);
        RunCheckpointer saver = new RunCheckpointer(policy, checkpoints, identity, environment, listener);
        boolean opened = false;
        try {
            saver.resolveResume();
            opened = true;
            return saver;
        } finally {
            if (!opened) {
                checkpoints.close();
            }
        }
    }

    private void resolveResume() {
        Optional<SavedCheckpoint> newest = checkpoints.newest();
        switch (policy.resume()) {
            case NEVER -> checkpoints.clear();
            case ASK ->
                newest.ifPresent(checkpoint -> {
                    throw new BadInputException(policy.folder() + " holds checkpoints of an earlier run, the last is "
                            + checkpoint.path().getFileName()
                            + "; resume from it (--resume auto), or remove them and start over (--resume never)");
                });
            case AUTO -> newest.ifPresent(this::resume);
            case FROM -> start(SavedCheckpoint.read(policy.from()), newest);
        }
    }

    private void resume(SavedCheckpoint checkpoint) {
        TrainerState state = checkpoint.state();
        requireIdentity(checkpoint);
        List<String> differences = RunIdentity.stepDifferences(state.identity(), identity);
        if (!differences.isEmpty()) {
            throw new BadInputException(
                    checkpoint.path() + " belongs to another run: " + Fingerprint.summarize(differences)
                            + "; use the original values, start over (--resume never, or remove " + policy.folder()
                            + "), or start a new run from it (--resume " + checkpoint.path() + ")");
        }
        resumed = Optional.of(checkpoint);
        startedFrom = state.startedFrom();
        listener.notice("resuming from " + checkpoint.path());
        reportDifferences("changed since then: ", RunIdentity.otherDifferences(state.identity(), identity));
        reportDifferences(
                "results may differ by rounding: ",
                RunIdentity.current(state.environment()).differences(environment));
    }

    private void reportDifferences(String what, List<String> differences) {
        if (!differences.isEmpty()) {
            listener.notice(what + Fingerprint.summarize(differences));
        }
    }

    private static void requireIdentity(SavedCheckpoint checkpoint) {
        TrainerState state = checkpoint.state();
        if (state.identity() == null || state.environment() == null || state.startedFrom() == null) {
            throw new BadInputException(
                    checkpoint.path() + " was written by an older version, which did not record everything that"
                            + " a run depends on; resume it with that version, or start over (--resume never)");
        }
    }

    /** Starts a new run from a checkpoint and records the checkpoint. */
    private void start(SavedCheckpoint checkpoint, Optional<SavedCheckpoint> newest) {
        requireIdentity(checkpoint);
        TrainerState state = checkpoint.state();
        newest.ifPresent(last -> requireNewestAndComparable(checkpoint, last));
        List<String> differences = RunIdentity.stepDifferences(state.identity(), identity);
        resumed = Optional.of(checkpoint);
        startedFrom = new ArrayList<>(state.startedFrom());
        startedFrom.add(new ParentCheckpoint(checkpoint.path().toString(), state.step(), differences));
        listener.notice("a new run, started from " + checkpoint.path()
                + (differences.isEmpty() ? ", without differences" : "; " + Fingerprint.summarize(differences)));
    }

    /**
     * Checks that checkpoints of the new run do not mix with later ones, or with validation losses that are not
     * comparable.
     */
    private void requireNewestAndComparable(SavedCheckpoint checkpoint, SavedCheckpoint last) {
        String instead = "; use another --output-dir or --checkpoint-dir for the new run";
        if (!real(last.path()).equals(real(checkpoint.path()))) {
            throw new BadInputException(policy.folder() + " holds checkpoints after " + checkpoint.path()
                    + ", the last is " + last.path().getFileName() + instead);
        }
        if (!RunIdentity.sameEvaluation(checkpoint.state().identity(), identity)) {
            throw new BadInputException("the validation losses in " + policy.folder()
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

    /** Checkpoint that the run resumes from. */
    Optional<Path> resumed() {
        return resumed.map(SavedCheckpoint::path);
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
        resumed.ifPresent(checkpoint -> {
            TrainerState state = checkpoint.state();
            if (policy.resume() == ResumeMode.AUTO && !state.weightsBefore().equals(before)) {
                throw new BadInputException(checkpoint.path() + " belongs to a run with other initial weights: "
                        + Fingerprint.summarize(
                                new Fingerprint(state.weightsBefore()).differences(new Fingerprint(before)))
                        + "; use the original model, or start over (--resume never)");
            }
            if (state.step() > totalSteps) {
                throw new BadInputException(
                        checkpoint.path() + " is at step " + state.step() + ", but the run has only " + totalSteps
                                + " steps; use more steps, or start over (--resume never)");
            }
            if (state.totals().samplesPerSource().size() > 0
                    && state.totals().samplesPerSource().size() != sources) {
                throw new BadInputException(checkpoint.path() + " belongs to a run with "
                        + state.totals().samplesPerSource().size() + " data sources, but this run has " + sources
                        + "; use the same sources, or start over (--resume never)");
            }
        });
    }

    /** Path of the metrics log while the run is in progress; starts with the log of the resumed checkpoint. */
    Path liveLog() {
        Path log = policy.folder().resolve(MetricsLog.FILE);
        try {
            if (resumed.isPresent()) {
                Files.copy(resumed.get().path().resolve(MetricsLog.FILE), log, StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.deleteIfExists(log);
                MonitoringFiles.delete(policy.folder(), listener::notice);
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
    void moveRunFiles(Path folder) {
        MonitoringFiles.copy(policy.folder(), folder, listener::notice);
        MonitoringFiles.delete(policy.folder(), listener::notice);
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
        return checkpoints.newest().map(SavedCheckpoint::step).equals(Optional.of(step));
    }

    /** The checkpoint with the lowest validation loss. */
    Optional<SavedCheckpoint> best() {
        return checkpoints.best();
    }

    /**
     * Saves a checkpoint.
     *
     * @param validation validation loss at this step; null if not evaluated
     */
    Path save(
            TrainingLoop loop,
            LlavaBatchIterator batches,
            SortedMap<String, String> before,
            List<BadSample> bad,
            Double validation) {
        TrainerState state = new TrainerState(
                identity, environment, startedFrom, before, batches.cursor(), loop.totals(), bad, validation);
        return checkpoints.save(state, loop.arrays(), policy.folder().resolve(MetricsLog.FILE));
    }

    @Override
    public void close() {
        checkpoints.close();
    }
}
