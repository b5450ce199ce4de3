package org.llava4j.train.stage;

import java.util.List;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.train.GradientAccumulator;

/** Gradient computation for the steps of a run. */
public interface StepGradients extends AutoCloseable {

    /**
     * Computes the gradients of a step at the current weights.
     *
     * @param step counted from 0
     * @param batches batches of the step, in order
     * @return their sum; the caller closes it
     */
    GradientAccumulator sum(int step, List<BatchPlan> batches);

    /** Number of images processed by the vision tower so far. */
    long imagesComputed();

    @Override
    void close();
}
