package org.llava4j.train;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.model.Llava;
import org.llava4j.train.checkpoint.CheckpointTensors;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Training loop: gradient accumulation, rejection of bad steps, clipping by the global norm, AdamW, learning-rate
 * schedule. {@link #fit} trains on a data loader, {@link #step(Map)} performs single steps for loops of your own.
 *
 * <p>{@code SameDiff.fit} also trains the graph, but has neither gradient accumulation nor clipping by the global norm.
 */
public final class Trainer {
    private final Llava model;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private final AdamW optimizer;
    private final CosineScheduleWithWarmup schedule;
    private TrainingTotals totals = TrainingTotals.NONE;
    private int step;

    /**
     * Result of one optimizer step.
     *
     * @param step counted from 1
     * @param loss mean over the target tokens, before the update
     * @param gradNorm global norm before clipping
     * @param learningRate learning rate of the step
     */
    public record Step(int step, double loss, double gradNorm, double learningRate) {}

    /**
     * Settings of {@link #fit}.
     *
     * @param gradientAccumulationSteps batches per optimizer step; the last step of an epoch may have fewer
     * @param maxBadSteps steps that may be rejected; one more ends the run
     * @param explodingLoss factor of {@link TrainingTotals#lossLimit}, above which a step is rejected; 0 for no limit
     */
    public record Settings(int gradientAccumulationSteps, int maxBadSteps, double explodingLoss) {}

    /**
     * Creates a trainer of the model's trainable weights.
     *
     * @throws BadInputException if no weight is trainable
     */
    public Trainer(Llava model, AdamW optimizer, CosineScheduleWithWarmup schedule) {
        this.model = model;
        this.optimizer = optimizer;
        this.schedule = schedule;
        model.trainableNames().forEach(name -> weights.put(name, model.weight(name)));
        if (weights.isEmpty()) {
            throw new BadInputException(
                    "no weight is trainable; choose some with Llava.setTrainable or a stage's \"trainable\"");
        }
    }

    /**
     * Trains until the last step of the schedule, epoch after epoch.
     *
     * @param batches data loader
     * @param gradients forward and backward passes, on this machine or a cluster
     * @param callback is notified of each step and may stop the run
     * @return whether the last step is done; false if {@code callback} stopped the run before it
     * @throws RejectedStepException if one more step is rejected than {@code settings} allow
     * @throws BadInputException if an epoch has no valid sample
     */
    public boolean fit(
            LlavaBatchIterator batches, StepGradients gradients, Settings settings, TrainerCallback callback) {
        while (step < schedule.totalSteps()) {
            if (!batches.hasNext()) {
                startNextEpoch(batches);
            }
            callback.stepStarted(Math.toIntExact(batches.cursor().epoch()), step + 1);
            StepBatches read = new StepBatches(batches, settings.gradientAccumulationSteps());
            Step done = null;
            try (GradientAccumulator sum = gradients.sum(step, read)) {
                requireFinite(sum.meanLoss());
                requireNoSpike(sum.meanLoss(), settings.explodingLoss());
                done = update(sum);
                totals = totals.plus(done.loss(), read.counts());
            } catch (RejectedStepException e) {
                step++;
                totals = totals.plusRejected(read.counts());
                callback.stepRejected(step, e.getMessage(), read.samples());
                if (totals.badSteps() > settings.maxBadSteps()) {
                    throw e;
                }
            }
            if (done != null) {
                callback.stepDone(done, totals);
            }
            if (callback.afterStep(step) && step < schedule.totalSteps()) {
                return false;
            }
        }
        return true;
    }

    private static void startNextEpoch(LlavaBatchIterator batches) {
        batches.reset();
        if (!batches.hasNext()) {
            throw new BadInputException("no sample is valid; check the data");
        }
    }

    private void requireFinite(double loss) {
        if (!Double.isFinite(loss)) {
            throw new RejectedStepException("the loss of step " + (step + 1)
                    + " is NaN or infinite; lower the learning rate or check this batch");
        }
    }

    private void requireNoSpike(double loss, double explodingLoss) {
        if (loss > totals.lossLimit(explodingLoss)) {
            throw new RejectedStepException(String.format(
                    Locale.ROOT,
                    "loss spike at step %d: loss %.4f, smoothed loss before %.4f, lowest %.4f (\"explodingLoss\""
                            + " is %s), no weight was changed; lower the learning rate or check this batch",
                    step + 1,
                    loss,
                    totals.smoothedLoss(),
                    Objects.requireNonNullElse(totals.bestSmoothedLoss(), totals.smoothedLoss()),
                    explodingLoss));
        }
    }

    /** Clips the gradients and updates the weights. */
    private Step update(GradientAccumulator sum) {
        double loss = sum.meanLoss();
        double rate = schedule.learningRate(step);
        double norm = optimizer.step(rate, weights, sum.meanGradients());
        return new Step(++step, loss, norm, rate);
    }

    /** Performs one optimizer step on one batch of the graph's placeholders, outside {@link #fit}. */
    public Step step(Map<String, INDArray> placeholders) {
        return step(List.of(placeholders).iterator());
    }

    /**
     * Performs one optimizer step on several batches: on the mean over all their target tokens, as for one large batch.
     * The next batch is requested after the previous one is done.
     *
     * @throws RejectedStepException if the loss or the gradient is NaN or infinite; no weight is changed then
     */
    public Step step(Iterator<Map<String, INDArray>> batches) {
        if (!batches.hasNext()) {
            throw new IllegalArgumentException("a step needs at least one batch");
        }
        try (GradientAccumulator sum = new GradientAccumulator()) {
            for (int pass = 0; batches.hasNext(); pass++) {
                sum.backward(model, batches.next(), step, pass);
            }
            requireFinite(sum.meanLoss());
            return update(sum);
        }
    }

    /** Totals of all steps of {@link #fit}, including those before {@link #resumeFrom}. */
    public TrainingTotals totals() {
        return totals;
    }

    /** All arrays that training changes, by reference: the contents of a checkpoint. */
    public CheckpointTensors arrays() {
        return new CheckpointTensors(weights, optimizer.moments(weights));
    }

    /** Resumes after the steps of a checkpoint. The caller restores {@link #arrays} in place. */
    public void resumeFrom(TrainingTotals before) {
        totals = before;
        step = before.steps();
        optimizer.resumeFrom(before.steps() - before.badSteps());
    }
}
