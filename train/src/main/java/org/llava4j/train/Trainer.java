package org.llava4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
     * @param loss mean over the supervised rows of this batch, before the update
     * @param gradNorm global norm before clipping
     * @param rate the learning rate that was used
     */
    public record Step(int step, double loss, double gradNorm, double rate) {}

    /** Trains what {@link Llava#train} thawed. */
    public Trainer(Llava model, AdamW optimizer, WarmupCosine schedule) {
        this.model = model;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.names = model.trainableNames();
        names.forEach(name -> weights.put(name, model.weight(name)));
    }

    /** One optimiser step on one batch. */
    public Step step(Map<String, INDArray> placeholders) {
        Map<String, INDArray> gradients = model.gradients(placeholders, names);
        INDArray loss = gradients.remove(Llava.LOSS);
        double value = loss.getDouble(0);
        if (!Double.isFinite(value)) {
            throw new IllegalStateException("the loss of step " + (step + 1) + " is " + value
                    + "; lower the learning rate or look at this batch");
        }
        double rate = schedule.rate(step);
        double norm = optimizer.step(rate, weights, gradients);
        PooledMemory pool = PooledMemory.ofThisThread();
        gradients.values().forEach(pool::release);
        pool.release(loss);
        return new Step(++step, value, norm, rate);
    }
}
