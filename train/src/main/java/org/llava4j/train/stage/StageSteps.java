package org.llava4j.train.stage;

import java.util.List;
import java.util.SortedMap;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.watch.Look;
import org.llava4j.train.watch.Progress;
import org.llava4j.train.watch.RunListener;
import org.llava4j.train.watch.RunLog;

/** What happens after each step of a stage: it is told, held-out data is looked at, a checkpoint is written, it stops. */
final class StageSteps implements RunListener {
    private final StageLoop loop;
    private final LlavaBatchIterator batches;
    private final RunSaver saver;
    private final Validation validation;
    private final SortedMap<String, String> before;
    private final BadSamples bad;
    private final RunLog log;
    private final RunListener listener;
    private double lastLoss = Double.POSITIVE_INFINITY;

    /**
     * @param saver null for a run without checkpoints
     * @param validation null for a run without held-out data
     * @param before hash of each group of weights before the first step
     * @param bad what has been passed over
     * @param log a line for each step
     * @param listener who follows the run
     */
    StageSteps(
            StageLoop loop,
            LlavaBatchIterator batches,
            RunSaver saver,
            Validation validation,
            SortedMap<String, String> before,
            BadSamples bad,
            RunLog log,
            RunListener listener) {
        this.loop = loop;
        this.batches = batches;
        this.saver = saver;
        this.validation = validation;
        this.before = before;
        this.bad = bad;
        this.log = log;
        this.listener = RunListener.all(log, listener);
    }

    @Override
    public void stepBegins(int epoch, int step) {
        listener.stepBegins(epoch, step);
    }

    @Override
    public void badStep(int step, String reason, List<String> samples) {
        listener.badStep(step, reason, samples);
    }

    @Override
    public void step(Progress progress) {
        listener.step(progress);
    }

    /** What is due after a step, whether it changed the weights or was rejected. */
    void after(int step, int totalSteps) {
        boolean last = step == totalSteps;
        boolean stop = !last && listener.stops();
        Double loss = null;
        if (validation != null && validation.isDue(step, totalSteps)) {
            Look look = validation.look();
            listener.validated(step, look);
            loss = look.loss();
            lastLoss = loss;
        }
        if (saver != null && (stop || saver.isDue(step, totalSteps) || (!last && isKept(loss)))) {
            log.require();
            listener.saved(saver.save(loop, batches, before, bad.all(), loss));
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
    boolean keep() {
        if (saver == null) {
            return false;
        }
        if (!saver.holds(loop.totals().steps())) {
            log.require();
            listener.saved(saver.save(loop, batches, before, bad.all(), Double.isFinite(lastLoss) ? lastLoss : null));
        }
        return true;
    }

    /** A loss on held-out data has a checkpoint, unless the run is to write none; the best weights need theirs. */
    private boolean isKept(Double loss) {
        return loss != null && (saver.writesRegularly() || validation.keepsBest());
    }

    /** Where that is wanted: the weights of the look with the lowest loss, if it was not the last. */
    void takeBest() {
        if (validation == null || saver == null || !validation.keepsBest()) {
            return;
        }
        // Also where the last loss is NaN, which nothing is less than.
        saver.best().filter(best -> !(best.loss() >= lastLoss)).ifPresent(best -> {
            loop.takeWeights(best.path());
            listener.notice("the output has the weights of " + best.path().getFileName()
                    + ", whose loss on held-out data" + " was " + best.loss() + "; at the end it was " + lastLoss);
        });
    }
}
