package org.llava4j.train.stage;

import java.util.List;
import java.util.SortedMap;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;

/** What happens after each step of a stage: it is told, held-out data is looked at, a checkpoint is written, it stops. */
final class StepActions implements TrainingListener {
    private final TrainingLoop loop;
    private final LlavaBatchIterator batches;
    private final RunCheckpointer saver;
    private final Validation validation;
    private final SortedMap<String, String> before;
    private final BadSampleLog bad;
    private final MetricsLog log;
    private final TrainingListener listener;
    private double lastLoss = Double.POSITIVE_INFINITY;

    /**
     * @param saver null for a run without checkpoints
     * @param validation null for a run without held-out data
     * @param before hash of each group of weights before the first step
     * @param bad what has been passed over
     * @param log a line for each step
     * @param listener who follows the run
     */
    StepActions(
            TrainingLoop loop,
            LlavaBatchIterator batches,
            RunCheckpointer saver,
            Validation validation,
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

    /** What is due after a step, whether it changed the weights or was rejected. */
    void afterStep(int step, int totalSteps) {
        boolean last = step == totalSteps;
        boolean stop = !last && listener.shouldStop();
        Double loss = null;
        if (validation != null && validation.isDue(step, totalSteps)) {
            ValidationResult look = validation.evaluate();
            listener.validated(step, look);
            loss = look.loss();
            lastLoss = loss;
        }
        if (saver != null && (stop || saver.isDue(step, totalSteps) || (!last && needsCheckpoint(loss)))) {
            log.flush();
            listener.checkpointSaved(saver.save(loop, batches, before, bad.all(), loss));
        }
        if (stop) {
            throw new RunStoppedException("stopped after step " + step + " of "
                    + totalSteps
                    + (saver == null
                            ? "; nothing was kept, since the run has no folder for checkpoints"
                            : "; its checkpoint is written, go on from it with --resume auto"));
        }
    }

    /** Writes a checkpoint after the last step, for a run that cannot write its output. Returns whether there is one. */
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

    /** A loss on held-out data has a checkpoint, unless the run is to write none; the best weights need theirs. */
    private boolean needsCheckpoint(Double loss) {
        return loss != null && (saver.writesRegularly() || validation.loadsBestModelAtEnd());
    }

    /** Where that is wanted: the weights of the look with the lowest loss, if it was not the last. */
    void loadBestWeights() {
        if (validation == null || saver == null || !validation.loadsBestModelAtEnd()) {
            return;
        }
        // Also where the last loss is NaN, which nothing is less than.
        saver.best().filter(best -> !(best.validationLoss() >= lastLoss)).ifPresent(best -> {
            loop.loadWeights(best.path());
            listener.notice(
                    "the output has the weights of " + best.path().getFileName() + ", whose loss on held-out data"
                            + " was " + best.validationLoss() + "; at the end it was " + lastLoss);
        });
    }
}
