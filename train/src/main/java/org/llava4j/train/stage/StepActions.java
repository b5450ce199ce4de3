package org.llava4j.train.stage;

import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;

/** Actions after each step of a stage: notifies listeners, evaluates, saves checkpoints, and stops on request. */
final class StepActions implements TrainingListener {
    private final TrainingLoop loop;
    private final LlavaBatchIterator batches;
    private final @Nullable RunCheckpointer saver;
    private final @Nullable Validation validation;
    private final SortedMap<String, String> before;
    private final BadSampleLog bad;
    private final MetricsLog log;
    private final TrainingListener listener;
    private double lastLoss = Double.POSITIVE_INFINITY;

    /**
     * @param saver null for a run without checkpoints
     * @param validation null for a run without a validation set
     * @param before hash of each group of weights before the first step
     * @param bad log of skipped samples
     * @param log metrics log
     * @param listener listener of the run
     */
    StepActions(
            TrainingLoop loop,
            LlavaBatchIterator batches,
            @Nullable RunCheckpointer saver,
            @Nullable Validation validation,
            SortedMap<String, String> before,
            BadSampleLog bad,
            MetricsLog log,
            TrainingListener listener) {
        this.loop = loop;
        this.batches = batches;
        this.saver = saver;
        this.validation = validation;
        this.before = before;
        this.bad = bad;
        this.log = log;
        this.listener = TrainingListener.all(log, listener);
    }

    @Override
    public void stepStarted(int epoch, int step) {
        listener.stepStarted(epoch, step);
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        listener.stepRejected(step, reason, samples);
    }

    @Override
    public void stepDone(Progress progress) {
        listener.stepDone(progress);
    }

    /** Performs the actions after a step, accepted or rejected. */
    void afterStep(int step, int totalSteps) {
        boolean last = step == totalSteps;
        boolean stop = !last && listener.shouldStop();
        Double loss = null;
        if (validation != null && validation.isDue(step, totalSteps)) {
            ValidationResult result = validation.evaluate();
            listener.validated(step, result);
            loss = result.loss();
            lastLoss = loss;
        }
        if (saver != null
                && (stop || saver.isDue(step, totalSteps) || (!last && loss != null && needsCheckpoint(saver)))) {
            log.flush();
            listener.checkpointSaved(saver.save(loop, batches, before, bad.all(), loss));
        }
        if (stop) {
            throw new RunStoppedException("stopped after step " + step + " of "
                    + totalSteps
                    + (saver == null
                            ? "; no checkpoint was written, because the run has no checkpoint folder"
                            : "; a checkpoint is written, resume from it with --resume auto"));
        }
    }

    /**
     * Saves a checkpoint after the last step, for a run that cannot write its output.
     *
     * @return whether there is a checkpoint
     */
    boolean saveLast() {
        if (saver == null) {
            return false;
        }
        if (!saver.hasCheckpoint(loop.totals().steps())) {
            log.flush();
            listener.checkpointSaved(
                    saver.save(loop, batches, before, bad.all(), Double.isFinite(lastLoss) ? lastLoss : null));
        }
        return true;
    }

    /**
     * Whether an evaluation is followed by a checkpoint: if checkpoints are regular, or the best weights are needed.
     */
    private boolean needsCheckpoint(RunCheckpointer checkpoints) {
        return checkpoints.writesRegularly() || loadsBestModelAtEnd();
    }

    private boolean loadsBestModelAtEnd() {
        return validation != null && validation.loadsBestModelAtEnd();
    }

    /**
     * With {@code loadBestModelAtEnd}: loads the weights with the lowest validation loss, unless they are the last
     * ones.
     */
    void loadBestWeights() {
        if (saver == null || !loadsBestModelAtEnd()) {
            return;
        }
        SavedCheckpoint best = saver.best();
        // Also if the last loss is NaN.
        if (best != null && !(best.validationLoss() >= lastLoss)) {
            loop.loadWeights(best.path());
            listener.notice("the output has the weights of " + best.path().getFileName() + ", whose validation loss"
                    + " was " + best.validationLoss() + "; at the end it was " + lastLoss);
        }
    }
}
