package org.llava4j.train.run;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.Trainer;
import org.llava4j.train.TrainerCallback;
import org.llava4j.train.checkpoint.CheckpointManager;
import org.llava4j.train.checkpoint.SavedCheckpoint;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.ProgressMeter;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;

/** Callbacks of a stage's run: notifies listeners, evaluates, saves checkpoints, and stops on request. */
final class RunCallbacks implements TrainerCallback {
    private final Trainer trainer;
    private final LlavaBatchIterator batches;
    private final @Nullable RunCheckpointer saver;
    private final @Nullable Validation validation;
    private final MetricsLog log;
    private final TrainingListener listener;
    private final ProgressMeter meter;
    private final int totalSteps;
    private double lastLoss = Double.POSITIVE_INFINITY;

    /**
     * @param saver null for a run without checkpoints
     * @param validation null for a run without a validation set
     * @param log metrics log
     * @param listener listener of the run
     * @param meter measures the speed of the run
     * @param totalSteps steps of the run
     */
    RunCallbacks(
            Trainer trainer,
            LlavaBatchIterator batches,
            @Nullable RunCheckpointer saver,
            @Nullable Validation validation,
            MetricsLog log,
            TrainingListener listener,
            ProgressMeter meter,
            int totalSteps) {
        this.trainer = trainer;
        this.batches = batches;
        this.saver = saver;
        this.validation = validation;
        this.log = log;
        this.listener = TrainingListener.all(log, listener);
        this.meter = meter;
        this.totalSteps = totalSteps;
    }

    @Override
    public void stepStarted(int epoch, int step) {
        listener.stepStarted(epoch, step);
    }

    @Override
    public void stepDone(Trainer.Step step, TrainingTotals totals) {
        listener.stepDone(meter.after(step, totals));
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        listener.stepRejected(step, reason, samples);
    }

    @Override
    public boolean afterStep(int step) {
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
            save(saver, loss);
        }
        return stop;
    }

    private void save(RunCheckpointer checkpoints, @Nullable Double loss) {
        log.flush();
        listener.checkpointSaved(checkpoints.save(trainer, batches.cursor(), loss));
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
        if (!saver.hasCheckpoint(trainer.totals().steps())) {
            save(saver, Double.isFinite(lastLoss) ? lastLoss : null);
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
            CheckpointManager.restore(best.path(), trainer.arrays());
            listener.notice("the output has the weights of " + best.path().getFileName() + ", whose validation loss"
                    + " was " + best.validationLoss() + "; at the end it was " + lastLoss);
        }
    }
}
