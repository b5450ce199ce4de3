package org.llava4j.train.stage;

import java.util.List;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.train.GradientAccumulator;

/** Computes the gradients of a run's steps, on this machine or on others. */
public interface StepGradients extends AutoCloseable {

    /**
     * @param step counted from 0
     * @param batches of it, in their order
     * @return what they sum up to at the weights of this moment; the caller closes it
     */
    GradientAccumulator sum(int step, List<BatchPlan> batches);

    /** How many pictures went through the tower so far. */
    long imagesComputed();

    @Override
    void close();
}
