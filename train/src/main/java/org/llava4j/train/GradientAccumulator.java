package org.llava4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.ArrayScope;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Forward and backward passes with gradient accumulation over the batches of an optimizer step, on one machine or over partial sums of several.
 *
 * <p>Each batch counts with its number of target tokens, so that accumulation gives the gradients of one large batch.
 * (LLaVA's code averages the means of the batches, which gives tokens of short answers more weight.) The arrays go
 * back to the memory pool of the thread that creates the accumulator.
 */
public final class GradientAccumulator implements AutoCloseable {
    private final Map<String, INDArray> gradients = new LinkedHashMap<>();
    private final ArrayScope owned = new ArrayScope();
    private double lossSum;
    private long targetTokens;
    /** A single batch stays the mean that it is, so that no rounding is added. */
    private boolean isMean;

    /**
     * Runs the forward and backward pass of one batch and adds its gradients, as {@code loss.backward()} does in
     * PyTorch.
     *
     * @param model its trainable weights ({@link Llava#setTrainable}) get gradients
     * @param batch placeholders of the graph
     * @param step optimizer step of the batch, counted from 0
     * @param pass index of the batch within the step, counted from 0; the two seed dropout, so that it is the same in a
     *     resumed or distributed run
     */
    public void backward(Llava model, Map<String, INDArray> batch, int step, int pass) {
        long seed = ((long) step << Integer.SIZE) + pass;
        Map<String, INDArray> batchGradients = model.gradients(batch, model.trainableNames(), seed);
        try (ArrayScope scope = new ArrayScope()) {
            INDArray loss = scope.own(Objects.requireNonNull(batchGradients.remove(Llava.LOSS)));
            add(loss.getDouble(0), targetTokens(batch), batchGradients);
        }
    }

    /**
     * Target tokens of a batch; 1 for a graph with a custom loss and no target rows, so that its batches weigh the
     * same.
     */
    private static long targetTokens(Map<String, INDArray> batch) {
        INDArray targets = batch.get(Llava.TARGET_ROWS);
        return targets == null ? 1 : Math.max(1, targets.length());
    }

    /** Adds the mean loss of a batch and its gradients, which the accumulator takes over. */
    private void add(double meanLoss, long targetCount, Map<String, INDArray> batchGradients) {
        if (targetTokens == 0) {
            gradients.putAll(owned.own(batchGradients));
            isMean = true;
        } else {
            toSum();
            batchGradients.values().forEach(gradient -> gradient.muli(targetCount));
            addArrays(batchGradients);
        }
        lossSum += targetCount * meanLoss;
        targetTokens += targetCount;
    }

    /**
     * Adds the sum over other batches.
     *
     * @param otherLoss sum of the loss over their target tokens
     * @param targetCount number of their target tokens
     * @param sums gradients of that sum, by weight; the accumulator takes ownership
     */
    public void addSum(double otherLoss, long targetCount, Map<String, INDArray> sums) {
        if (targetTokens == 0) {
            gradients.putAll(owned.own(sums));
        } else {
            toSum();
            addArrays(sums);
        }
        lossSum += otherLoss;
        targetTokens += targetCount;
    }

    private void addArrays(Map<String, INDArray> more) {
        try (ArrayScope scope = new ArrayScope()) {
            scope.own(more);
            gradients.forEach((name, total) -> total.addi(more.get(name)));
        }
    }

    private void toSum() {
        if (isMean) {
            gradients.values().forEach(gradient -> gradient.muli(targetTokens));
            isMean = false;
        }
    }

    /** Sum of the loss over all target tokens. */
    public double lossSum() {
        return lossSum;
    }

    /** Mean loss over all target tokens. */
    double meanLoss() {
        return lossSum / targetTokens;
    }

    /** Target tokens of all batches. */
    public long targetTokens() {
        return targetTokens;
    }

    /** Gradients of {@link #lossSum}, by reference. */
    public Map<String, INDArray> gradientSums() {
        toSum();
        return Collections.unmodifiableMap(gradients);
    }

    /** Gradients of the mean loss, by reference; nothing can be added afterwards. */
    Map<String, INDArray> meanGradients() {
        if (!isMean) {
            float share = 1f / targetTokens;
            gradients.values().forEach(total -> total.muli(share));
            isMean = true;
        }
        return gradients;
    }

    @Override
    public void close() {
        owned.close();
        gradients.clear();
    }
}
