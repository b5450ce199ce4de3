package org.llava4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the batches of a step sum up to, each with the weight of its supervised rows, so that several batches learn what one
 * large one would: here, or in parts that were summed elsewhere. (The published code averages the means of the batches, in
 * which a word of a short answer counts more.) Its arrays are those of the thread that made it.
 */
public final class GradientAccumulator implements AutoCloseable {
    private final Map<String, INDArray> gradients = new LinkedHashMap<>();
    private double lossSum;
    private long targetTokens;
    /** A single batch is left as the mean that it is, to the last bit. */
    private boolean isMean;

    /**
     * Adds a batch.
     *
     * @param meanLoss over its supervised rows
     * @param supervised how many these are
     * @param means gradients of that loss, by weight; they are this sum's from now on
     */
    void add(double meanLoss, long supervised, Map<String, INDArray> means) {
        if (targetTokens == 0) {
            gradients.putAll(means);
            isMean = true;
        } else {
            toSum();
            means.values().forEach(gradient -> gradient.muli(supervised));
            addArrays(means);
        }
        lossSum += supervised * meanLoss;
        targetTokens += supervised;
    }

    /**
     * Adds what other batches sum up to.
     *
     * @param otherLoss sum over their supervised rows
     * @param supervised how many these are
     * @param sums gradients of that sum, by weight; they are this sum's from now on
     */
    public void addSum(double otherLoss, long supervised, Map<String, INDArray> sums) {
        if (targetTokens == 0) {
            gradients.putAll(sums);
        } else {
            toSum();
            addArrays(sums);
        }
        lossSum += otherLoss;
        targetTokens += supervised;
    }

    private void addArrays(Map<String, INDArray> more) {
        gradients.forEach((name, total) -> total.addi(more.get(name)));
        release(more);
    }

    private void toSum() {
        if (isMean) {
            gradients.values().forEach(gradient -> gradient.muli(targetTokens));
            isMean = false;
        }
    }

    /** Sum of the loss over all supervised rows. */
    public double lossSum() {
        return lossSum;
    }

    /** Supervised rows of all batches. */
    public long targetTokens() {
        return targetTokens;
    }

    /** The gradients of the {@link #lossSum sum}, by reference. */
    public Map<String, INDArray> gradientSums() {
        toSum();
        return Collections.unmodifiableMap(gradients);
    }

    /** The gradients of the mean loss, by reference; nothing can be added any more. */
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
        release(gradients);
        gradients.clear();
    }

    private static void release(Map<String, INDArray> arrays) {
        PooledMemory pool = PooledMemory.forCurrentThread();
        arrays.values().forEach(pool::release);
    }
}
