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
 * Inner training loop: gradients of the trainable weights, clipping, AdamW, learning-rate schedule.
 *
 * <p>{@code SameDiff.fit} also trains the graph, but has neither gradient accumulation nor clipping by the global norm.
 */
public final class Trainer {
    private final BatchGradients gradients;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private final AdamW optimizer;
    private final CosineScheduleWithWarmup schedule;
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
     * Creates a trainer of the model's trainable weights.
     *
     * @throws BadInputException if no weight is trainable
     */
    public Trainer(Llava model, AdamW optimizer, CosineScheduleWithWarmup schedule) {
        this.gradients = new BatchGradients(model);
        this.optimizer = optimizer;
        this.schedule = schedule;
        if (gradients.trainableNames().isEmpty()) {
            throw new BadInputException(
                    "no weight is trainable; choose some with Llava.setTrainable or a stage's \"trainable\"");
        }
        gradients.trainableNames().forEach(name -> weights.put(name, model.weight(name)));
    }

    /** Performs one optimizer step on one batch. */
    public Step step(Map<String, INDArray> placeholders) {
        return step(List.of(placeholders).iterator());
    }

    /**
     * Performs one optimizer step on several batches: on the mean over all their target tokens, as for one large batch.
     * The next batch is requested after the previous one is done.
     *
     * @throws RejectedStepException if the loss or the gradient is NaN or infinite
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
     * Performs one optimizer step on gradients that are already computed.
     *
     * @param sum of all batches of the step; its gradients are means afterwards
     * @param check receives the loss of the step and throws a {@link RejectedStepException} if it is too high
     * @throws RejectedStepException if the loss or the gradient is NaN or infinite, or {@code check} rejects the loss;
     *     no weight is changed then
     */
    public Step step(GradientAccumulator sum, DoubleConsumer check) {
        double loss = sum.lossSum() / sum.targetTokens();
        if (!Double.isFinite(loss)) {
            throw new RejectedStepException("the loss of step " + (step + 1)
                    + " is NaN or infinite; lower the learning rate or check this batch");
        }
        check.accept(loss);
        double rate = schedule.learningRate(step);
        double norm = optimizer.step(rate, weights, sum.meanGradients());
        return new Step(++step, loss, norm, rate);
    }

    /** All arrays that training changes, by reference: the contents of a checkpoint. */
    public CheckpointTensors arrays() {
        return new CheckpointTensors(weights, optimizer.moments(weights));
    }

    /** Counts a rejected step, which changed no weight. */
    public void skipStep() {
        step++;
    }

    /**
     * Resumes after a checkpoint. The caller restores {@link #arrays} in place.
     *
     * @param steps steps so far, including rejected ones
     * @param updates steps that changed the weights
     */
    public void resumeFrom(int steps, int updates) {
        step = steps;
        optimizer.resumeFrom(updates);
    }

    /** Steps that changed the weights. */
    public int updates() {
        return optimizer.steps();
    }
}
