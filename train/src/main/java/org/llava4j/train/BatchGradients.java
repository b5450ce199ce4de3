package org.llava4j.train;

import java.util.List;
import java.util.Map;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The gradients that a graph has of batches, for whatever of it learns. */
public final class BatchGradients {
    private final Llava model;
    private final List<String> trainableNames;

    /** Those of the weights that {@link Llava#setTrainable} thawed. */
    public BatchGradients(Llava model) {
        this.model = model;
        this.trainableNames = model.trainableNames();
    }

    /** The weights that learn. */
    public List<String> trainableNames() {
        return trainableNames;
    }

    /**
     * Runs a batch forward and back.
     *
     * @param step the batch is of, counted from 0
     * @param pass which batch of this step it is, counted from 0: what is dropped depends on the two, so that it is the same
     *     in a run that was resumed or is spread over machines
     * @param sum gets its loss and gradients
     */
    public void add(Map<String, INDArray> batch, int step, int pass, GradientAccumulator sum) {
        Map<String, INDArray> gradients = model.gradients(batch, trainableNames, ((long) step << Integer.SIZE) + pass);
        INDArray loss = gradients.remove(Llava.LOSS);
        sum.add(loss.getDouble(0), targetTokens(batch), gradients);
        PooledMemory.forCurrentThread().release(loss);
    }

    /** Supervised rows of a batch; a graph with a loss of its own may have none, and its batches count alike. */
    private static long targetTokens(Map<String, INDArray> batch) {
        INDArray targets = batch.get(Llava.TARGET_ROWS);
        return targets == null ? 1 : Math.max(1, targets.length());
    }
}
