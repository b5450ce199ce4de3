package org.llava4j.train;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.train.checkpoint.CheckpointTensors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The inner loop: gradients of the trainable weights, clipping, AdamW, the next rate. SameDiff's own {@code fit}
 * updates in the middle of the backward pass and so can neither clip nor accumulate.
 */
public final class Trainer {
    private final BatchGradients gradients;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private final AdamW optimizer;
    private final CosineScheduleWithWarmup schedule;
    private int step;

    /**
     * @param step counted from 1
     * @param loss mean over the supervised rows, before the update
     * @param gradNorm global norm before clipping
     * @param learningRate the learning rate that was used
     */
    public record Step(int step, double loss, double gradNorm, double learningRate) {}

    /**
     * Trains what {@link Llava#setTrainable} thawed.
     *
     * @throws BadInputException if that is nothing
     */
    public Trainer(Llava model, AdamW optimizer, CosineScheduleWithWarmup schedule) {
        this.gradients = new BatchGradients(model);
        this.optimizer = optimizer;
        this.schedule = schedule;
        if (gradients.trainableNames().isEmpty()) {
            throw new BadInputException(
                    "no weight learns; name those that shall, as Llava.train or a stage's" + " \"trainable\" does");
        }
        gradients.trainableNames().forEach(name -> weights.put(name, model.weight(name)));
    }

    /** One optimiser step on one batch. */
    public Step step(Map<String, INDArray> placeholders) {
        return step(List.of(placeholders).iterator());
    }

    /**
     * One optimiser step on several batches: the mean over all their supervised rows, as one large batch would have it. A
     * batch is asked for when the one before it is done.
     *
     * @throws RejectedStepException if the loss or the gradient is not a number any more
     */
    public Step step(Iterator<Map<String, INDArray>> batches) {
        if (!batches.hasNext()) {
            throw new IllegalArgumentException("a step needs at least one batch");
        }
        try (GradientAccumulator sum = new GradientAccumulator()) {
            for (int pass = 0; batches.hasNext(); pass++) {
                gradients.add(batches.next(), step, pass, sum);
            }
            return step(sum, loss -> {});
        }
    }

    /**
     * One optimiser step on gradients that were computed already.
     *
     * @param sum of all batches of the step; its gradients are means afterwards
     * @param check is given the step's loss; throws a {@link RejectedStepException} for one that no weight shall learn from
     * @throws RejectedStepException if the loss or the gradient is not a number any more, or {@code check} says so; no weight is
     *     then changed
     */
    public Step step(GradientAccumulator sum, DoubleConsumer check) {
        double loss = sum.lossSum() / sum.targetTokens();
        if (!Double.isFinite(loss)) {
            throw new RejectedStepException("the loss of step " + (step + 1)
                    + " is not a number any more; lower the learning rate or look at this batch");
        }
        check.accept(loss);
        double rate = schedule.learningRate(step);
        double norm = optimizer.step(rate, weights, sum.meanGradients());
        return new Step(++step, loss, norm, rate);
    }

    /** What the run changes, by reference: all that a checkpoint has to keep. */
    public CheckpointTensors arrays() {
        return new CheckpointTensors(weights, optimizer.moments(weights));
    }

    /** Counts a step that changed nothing. */
    public void skipStep() {
        step++;
    }

    /** Goes on as after so many steps; the arrays are put in by reference. */
    public void resumeFrom(int steps, int updates) {
        step = steps;
        optimizer.resumeFrom(updates);
    }

    /** Steps that changed the weights. */
    public int updates() {
        return optimizer.steps();
    }
}
