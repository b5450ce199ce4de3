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

/** The checkpoints of a stage's run: where it goes on from, and when the next is written. */
final class RunCheckpointer implements AutoCloseable {
    private final CheckpointPolicy policy;
    private final CheckpointManager checkpoints;
    private final Fingerprint identity;
    private final Fingerprint environment;
    private final TrainingListener listener;
    private Optional<SavedCheckpoint> resumed = Optional.empty();
    private List<ParentCheckpoint> startedFrom = List.of();

    private RunCheckpointer(
            CheckpointPolicy saving,
            CheckpointManager checkpoints,
            Fingerprint identity,
            Fingerprint environment,
            TrainingListener listener) {
        this.policy = saving;
        this.checkpoints = checkpoints;
        this.identity = identity;
        this.environment = environment;
        this.listener = listener;
    }

    /**
     * Opens a run's checkpoints and looks where it resumes from.
     *
     * @param identity what the run is
     * @param environment what the last bits of its result depend on besides
     * @throws BadInputException if those that are there are of another run, or nobody said what becomes of them
     */
    static RunCheckpointer open(
            CheckpointPolicy saving, Fingerprint identity, Fingerprint environment, TrainingListener listener) {
        CheckpointManager checkpoints =
                CheckpointManager.open(saving.folder(), saving.saveTotalLimit(), listener::notice);
        RunCheckpointer saver = new RunCheckpointer(saving, checkpoints, identity, environment, listener);
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
                            + "; go on from it (--resume auto) or remove them and begin anew (--resume never)");
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
            throw new BadInputException(checkpoint.path() + " is of another run: " + Fingerprint.summarize(differences)
                    + "; give what it began with, begin anew (--resume never, or remove " + policy.folder()
                    + "), or start a new run from it (--resume " + checkpoint.path() + ")");
        }
        resumed = Optional.of(checkpoint);
        startedFrom = state.startedFrom();
        listener.notice("goes on from " + checkpoint.path());
        reportDifferences("changed since then: ", RunIdentity.otherDifferences(state.identity(), identity));
        reportDifferences(
                "the last bits of the result may differ: ", state.environment().differences(environment));
    }

    private void reportDifferences(String what, List<String> differences) {
        if (!differences.isEmpty()) {
            listener.notice(what + Fingerprint.summarize(differences));
        }
    }

    private static void requireIdentity(SavedCheckpoint checkpoint) {
        TrainerState state = checkpoint.state();
        if (state.identity() == null || state.environment() == null || state.startedFrom() == null) {
            throw new BadInputException(checkpoint.path() + " is of an older version, which did not record all that"
                    + " a run depends on; resume it with that version, or begin anew (--resume never)");
        }
    }

    /** A new run, which records where it was started from. */
    private void start(SavedCheckpoint checkpoint, Optional<SavedCheckpoint> newest) {
        requireIdentity(checkpoint);
        TrainerState state = checkpoint.state();
        newest.ifPresent(last -> requireNewestAndComparable(checkpoint, last));
        List<String> differences = RunIdentity.stepDifferences(state.identity(), identity);
        resumed = Optional.of(checkpoint);
        startedFrom = new ArrayList<>(state.startedFrom());
        startedFrom.add(new ParentCheckpoint(checkpoint.path().toString(), state.step(), differences));
        listener.notice("a new run, started from " + checkpoint.path()
                + (differences.isEmpty() ? ", nothing differs" : "; " + Fingerprint.summarize(differences)));
    }

    /** The checkpoints of a new run must not mix with later ones of the run that it starts from, or of any other. */
    private void requireNewestAndComparable(SavedCheckpoint checkpoint, SavedCheckpoint last) {
        String instead = "; give the new run another output or another --checkpoint-dir";
        if (!real(last.path()).equals(real(checkpoint.path()))) {
            throw new BadInputException(policy.folder() + " holds other checkpoints than " + checkpoint.path()
                    + ", the last is " + last.path().getFileName() + instead);
        }
        if (!RunIdentity.sameEvaluation(checkpoint.state().identity(), identity)) {
            throw new BadInputException("the losses on held-out data in " + policy.folder()
                    + " cannot be compared with those of the new run, which is evaluated otherwise" + instead);
        }
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + path + " (" + e + ")", e);
        }
    }

    /** The checkpoint that the run resumes from. */
    Optional<Path> resumed() {
        return resumed.map(SavedCheckpoint::path);
    }

    /** The checkpoints of other runs that this one was started from. */
    List<ParentCheckpoint> startedFrom() {
        return startedFrom;
    }

    /**
     * Refuses a resumed checkpoint that does not fit the run that was loaded.
     *
     * @param before hash of each group of weights before the first step
     * @param sources how many sources the data has
     */
    void requireCompatible(SortedMap<String, String> before, int totalSteps, int sources) {
        resumed.ifPresent(checkpoint -> {
            TrainerState state = checkpoint.state();
            if (policy.resume() == ResumeMode.AUTO && !state.weightsBefore().equals(before)) {
                throw new BadInputException(checkpoint.path() + " is of a run that began with other weights: "
                        + Fingerprint.summarize(
                                new Fingerprint(state.weightsBefore()).differences(new Fingerprint(before)))
                        + "; give the model it began with, or begin anew (--resume never)");
            }
            if (state.step() > totalSteps) {
                throw new BadInputException(
                        checkpoint.path() + " is at step " + state.step() + ", but the run has only " + totalSteps
                                + " steps; give it more, or begin anew (--resume never)");
            }
            if (state.totals().drawn().size() > 0 && state.totals().drawn().size() != sources) {
                throw new BadInputException(checkpoint.path() + " is of a run with "
                        + state.totals().drawn().size() + " sources of data, this one has " + sources
                        + "; give as many, or begin anew (--resume never)");
            }
        });
    }

    /** Where the log of a run goes while it runs, begun with what the run that was interrupted had written. */
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
     * The log and the other files of {@link MonitoringFiles} go into the output when the run has ended.
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

    /** Whether checkpoints are written while the run goes on, and not only where it is stopped. */
    boolean writesRegularly() {
        return policy.saveSteps() > 0;
    }

    /** Whether the newest checkpoint is of a step. */
    boolean hasCheckpoint(int step) {
        return checkpoints.newest().map(SavedCheckpoint::step).equals(Optional.of(step));
    }

    /** The checkpoint with the lowest loss on held-out data. */
    Optional<SavedCheckpoint> best() {
        return checkpoints.best();
    }

    /** @param validation loss on held-out data at this step; null if nobody looked */
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
