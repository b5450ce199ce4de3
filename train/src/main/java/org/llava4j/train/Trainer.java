package org.llava4j.train;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.train.checkpoint.RunArrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The inner loop: gradients of the trainable weights, clipping, AdamW, the next rate. SameDiff's own {@code fit}
 * updates in the middle of the backward pass and so can neither clip nor accumulate.
 */
public final class Trainer {
    private final Llava model;
    private final List<String> names;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private final AdamW optimizer;
    private final WarmupCosine schedule;
    private int step;

    /**
     * @param step counted from 1
     * @param loss mean over the supervised rows, before the update
     * @param gradNorm global norm before clipping
     * @param rate the learning rate that was used
     */
    public record Step(int step, double loss, double gradNorm, double rate) {}

    /**
     * Trains what {@link Llava#train} thawed.
     *
     * @throws BadInputException if that is nothing
     */
    public Trainer(Llava model, AdamW optimizer, WarmupCosine schedule) {
        this.model = model;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.names = model.trainableNames();
        if (names.isEmpty()) {
            throw new BadInputException(
                    "no weight learns; name those that shall, as Llava.train or a stage's" + " \"trainable\" does");
        }
        names.forEach(name -> weights.put(name, model.weight(name)));
    }

    /** One optimiser step on one batch. */
    public Step step(Map<String, INDArray> placeholders) {
        return step(List.of(placeholders).iterator());
    }

    /**
     * One optimiser step on several batches: the mean over all their supervised rows, as one large batch would have it.
     * (The published code averages the means of the batches, in which a word of a short answer counts more.) A batch is
     * asked for when the one before it is done.
     *
     * @throws BadStepException if a loss or the gradient is not a number any more
     */
    public Step step(Iterator<Map<String, INDArray>> batches) {
        return step(batches, loss -> {});
    }

    /**
     * The same, with a look at the loss before any weight is changed by it.
     *
     * @param check is given the step's loss; throws a {@link BadStepException} for one that no weight shall learn from
     * @throws BadStepException if a loss or the gradient is not a number any more, or {@code check} says so
     */
    public Step step(Iterator<Map<String, INDArray>> batches, DoubleConsumer check) {
        PooledMemory pool = PooledMemory.ofThisThread();
        Map<String, INDArray> sum = new LinkedHashMap<>();
        try {
            double loss = sum(batches, sum, pool);
            check.accept(loss);
            double rate = schedule.rate(step);
            double norm = optimizer.step(rate, weights, sum);
            return new Step(++step, loss, norm, rate);
        } finally {
            sum.values().forEach(pool::release);
        }
    }

    /**
     * Adds up the gradients of all batches.
     *
     * @param sum gets the mean gradient of each weight
     * @return the mean loss
     */
    private double sum(Iterator<Map<String, INDArray>> batches, Map<String, INDArray> sum, PooledMemory pool) {
        double loss = 0;
        long rows = 0;
        int count = 0;
        while (batches.hasNext()) {
            Map<String, INDArray> batch = batches.next();
            long own = rows(batch);
            Map<String, INDArray> gradients = model.gradients(batch, names, draw(count));
            INDArray value = gradients.remove(Llava.LOSS);
            loss += own * value.getDouble(0);
            pool.release(value);
            rows += own;
            count++;
            if (batches.hasNext() || count > 1) {
                gradients.values().forEach(gradient -> gradient.muli(own));
            }
            if (sum.isEmpty()) {
                sum.putAll(gradients);
            } else {
                sum.forEach((name, total) -> total.addi(gradients.get(name)));
                gradients.values().forEach(pool::release);
            }
            if (!Double.isFinite(loss)) {
                throw new BadStepException("the loss of step " + (step + 1)
                        + " is not a number any more; lower the learning rate or look at this batch");
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException("a step needs at least one batch");
        }
        if (count > 1) {
            float share = 1f / rows;
            sum.values().forEach(total -> total.muli(share));
        }
        return loss / rows;
    }

    /** What is dropped in a pass: told by its place in the run, so that a resumed one drops the same. */
    private long draw(int pass) {
        return ((long) step << Integer.SIZE) + pass;
    }

    /** Supervised rows of a batch; a graph with a loss of its own may have none, and its batches count alike. */
    private static long rows(Map<String, INDArray> batch) {
        INDArray targets = batch.get(Llava.TARGET_ROWS);
        return targets == null ? 1 : Math.max(1, targets.length());
    }

    /** What the run changes, by reference: all that a checkpoint has to keep. */
    public RunArrays arrays() {
        return new RunArrays(weights, optimizer.moments(weights));
    }

    /** Counts a step that changed nothing. */
    public void passOver() {
        step++;
    }

    /** Goes on as after so many steps; the arrays are put in by reference. */
    public void goOnFrom(int steps, int updates) {
        step = steps;
        optimizer.goOnFrom(updates);
    }

    /** Steps that changed the weights. */
    public int updates() {
        return optimizer.steps();
    }
}
