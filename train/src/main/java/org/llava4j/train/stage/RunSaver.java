package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.checkpoint.RunCheckpoints;
import org.llava4j.train.checkpoint.RunState;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.stage.Saving.Resume;
import org.llava4j.train.watch.RunFiles;
import org.llava4j.train.watch.RunListener;
import org.llava4j.train.watch.RunLog;

/** The checkpoints of a stage's run: where it goes on from, and when the next is written. */
final class RunSaver implements AutoCloseable {
    private final Saving saving;
    private final RunCheckpoints checkpoints;
    private final JsonNode stage;
    private final StageData data;
    private final RunListener listener;
    private Optional<Path> resumed = Optional.empty();

    private RunSaver(Saving saving, RunCheckpoints checkpoints, Stage stage, StageData data, RunListener listener) {
        this.saving = saving;
        this.checkpoints = checkpoints;
        this.stage = Stages.tree(stage);
        this.data = data;
        this.listener = listener;
    }

    /**
     * Opens a run's checkpoints and looks where it goes on from.
     *
     * @param data what it learns from
     * @throws BadInputException if those that are there are of another run, or nobody said what becomes of them
     */
    static RunSaver open(Saving saving, Stage stage, StageData data, RunListener listener) {
        RunCheckpoints checkpoints = RunCheckpoints.open(saving.folder(), saving.keep(), listener::notice);
        RunSaver saver = new RunSaver(saving, checkpoints, stage, data, listener);
        boolean opened = false;
        try {
            saver.decide();
            opened = true;
            return saver;
        } finally {
            if (!opened) {
                checkpoints.close();
            }
        }
    }

    private void decide() {
        Optional<Path> newest = checkpoints.newest().map(SavedCheckpoint::path);
        if (saving.resume() == Resume.NEVER) {
            checkpoints.clear();
        } else if (saving.resume() == Resume.ASK && newest.isPresent()) {
            throw new BadInputException(saving.folder() + " holds checkpoints of an earlier run, the last is "
                    + newest.get().getFileName()
                    + "; go on from it (--resume auto) or remove them and begin anew (--resume never)");
        } else if (saving.resume() == Resume.AUTO) {
            resumed = newest;
            resumed.ifPresent(this::requireSameRun);
            resumed.ifPresent(path -> listener.notice("goes on from " + path));
        }
    }

    private void requireSameRun(Path checkpoint) {
        RunState state = RunCheckpoints.state(checkpoint);
        List<String> differences = new ArrayList<>();
        for (Map.Entry<String, JsonNode> value : stage.properties()) {
            JsonNode before = state.stage().path(value.getKey());
            if (!before.equals(value.getValue())) {
                differences.add("\"" + value.getKey() + "\" was " + before + " and is " + value.getValue());
            }
        }
        if (!state.dataWeights().equals(data.weights())) {
            differences.add("the weights of its data were " + state.dataWeights() + " and are " + data.weights());
        }
        if (!state.data().equals(data.sha256())) {
            differences.add("the data is not the same any more");
        }
        if (!differences.isEmpty()) {
            throw new BadInputException(checkpoint + " is of another run: " + String.join("; ", differences)
                    + "; give what it began with, or begin anew (--resume never)");
        }
    }

    /** The checkpoint that the run goes on from. */
    Optional<Path> resumed() {
        return resumed;
    }

    /**
     * Refuses a checkpoint that was made from other weights.
     *
     * @param before hash of each group of weights before the first step
     */
    void requireSameWeights(SortedMap<String, String> before) {
        resumed.ifPresent(checkpoint -> {
            if (!RunCheckpoints.state(checkpoint).weightsBefore().equals(before)) {
                throw new BadInputException(checkpoint + " is of a run that began with other weights; give the model it"
                        + " began with, or begin anew (--resume never)");
            }
        });
    }

    /** Where the log of a run goes while it runs, begun with what the run that was interrupted had written. */
    Path liveLog() {
        Path log = saving.folder().resolve(RunLog.FILE);
        try {
            if (resumed.isPresent()) {
                Files.copy(resumed.get().resolve(RunLog.FILE), log, StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.deleteIfExists(log);
                RunFiles.delete(saving.folder(), listener::notice);
            }
        } catch (IOException e) {
            throw new BadInputException("cannot write " + log + " (" + e + "); choose another output folder", e);
        }
        return log;
    }

    /**
     * The log and the other files of {@link RunFiles} go into the output when the run has ended.
     *
     * @throws BadInputException if the log cannot be copied
     */
    void handOver(Path folder) {
        RunFiles.copy(saving.folder(), folder, listener::notice);
        RunFiles.delete(saving.folder(), listener::notice);
    }

    /** Whether a checkpoint is due after a step. */
    boolean isDue(int step, int totalSteps) {
        return writesRegularly() && step % saving.everySteps() == 0 && step < totalSteps;
    }

    /** Whether checkpoints are written while the run goes on, and not only where it is stopped. */
    boolean writesRegularly() {
        return saving.everySteps() > 0;
    }

    /** The checkpoint with the lowest loss on held-out data. */
    Optional<SavedCheckpoint> best() {
        return checkpoints.best();
    }

    /** @param validation loss on held-out data at this step; null if nobody looked */
    Path save(
            StageLoop loop,
            LlavaBatchIterator batches,
            SortedMap<String, String> before,
            List<BadSample> bad,
            Double validation) {
        RunState state = new RunState(
                stage, data.sha256(), data.weights(), before, batches.cursor(), loop.totals(), bad, validation);
        return checkpoints.save(state, loop.arrays(), saving.folder().resolve(RunLog.FILE));
    }

    @Override
    public void close() {
        checkpoints.close();
    }
}
