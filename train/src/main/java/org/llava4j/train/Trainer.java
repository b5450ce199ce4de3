package org.llava4j.train;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
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
     * One optimiser step on several batches: the mean of their losses, each a mean over its own supervised rows, as the
     * published code accumulates. A batch is asked for when the one before it is done.
     *
     * @throws BadInputException if a loss is not a number any more
     */
    public Step step(Iterator<Map<String, INDArray>> batches) {
        PooledMemory pool = PooledMemory.ofThisThread();
        Map<String, INDArray> sum = null;
        double loss = 0;
        int count = 0;
        while (batches.hasNext()) {
            Map<String, INDArray> gradients = model.gradients(batches.next(), names);
            INDArray value = gradients.remove(Llava.LOSS);
            loss += value.getDouble(0);
            pool.release(value);
            count++;
            if (!Double.isFinite(loss)) {
                throw new BadInputException("the loss of step " + (step + 1)
                        + " is not a number any more; lower the learning rate or look at this batch");
            }
            if (sum == null) {
                sum = gradients;
            } else {
                sum.forEach((name, total) -> total.addi(gradients.get(name)));
                gradients.values().forEach(pool::release);
            }
        }
        if (sum == null) {
            throw new IllegalArgumentException("a step needs at least one batch");
        }
        if (count > 1) {
            float share = 1f / count;
            sum.values().forEach(total -> total.muli(share));
        }
        double rate = schedule.rate(step);
        double norm = optimizer.step(rate, weights, sum);
        sum.values().forEach(pool::release);
        return new Step(++step, loss / count, norm, rate);
    }
}
