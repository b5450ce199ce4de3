package org.llava4j.train;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Forward and backward pass of a batch: loss and gradients of the trainable weights. */
public final class BatchGradients {
    private final Llava model;
    private final List<String> trainableNames;

    /** @param model its trainable weights ({@link Llava#setTrainable}) get gradients */
    public BatchGradients(Llava model) {
        this.model = model;
        this.trainableNames = model.trainableNames();
    }

    /** Names of the trainable weights. */
    public List<String> trainableNames() {
        return trainableNames;
    }

    /**
     * Runs the forward and backward pass of one batch.
     *
     * @param batch placeholders of the graph
     * @param step optimizer step of the batch, counted from 0
     * @param pass index of the batch within the step, counted from 0; the two seed dropout, so that it is the same in a
     *     resumed or distributed run
     * @param sum receives loss and gradients
     */
    public void add(Map<String, INDArray> batch, int step, int pass, GradientAccumulator sum) {
        Map<String, INDArray> gradients = model.gradients(batch, trainableNames, ((long) step << Integer.SIZE) + pass);
        INDArray loss = Objects.requireNonNull(gradients.remove(Llava.LOSS));
        sum.add(loss.getDouble(0), targetTokens(batch), gradients);
        PooledMemory.forCurrentThread().release(loss);
    }

    /**
     * Target tokens of a batch; 1 for a graph with a custom loss and no target rows, so that its batches weigh the
     * same.
     */
    private static long targetTokens(Map<String, INDArray> batch) {
        INDArray targets = batch.get(Llava.TARGET_ROWS);
        return targets == null ? 1 : Math.max(1, targets.length());
    }
}
