package org.llava4j.train;

/** Forward and backward passes of the steps of a run, on this machine or a cluster. */
public interface StepGradients {

    /**
     * Computes the gradients of a step at the current weights.
     *
     * @param step counted from 0
     * @param batches batches of the step, at least one
     * @return their sum; the caller closes it
     */
    GradientAccumulator sum(int step, StepBatches batches);

    /** Number of images processed by the vision tower so far. */
    long imagesComputed();
}
