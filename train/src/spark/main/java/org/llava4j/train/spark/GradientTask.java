package org.llava4j.train.spark;

import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** A task: the gradients of one share at the weights of the step. */
final class GradientTask extends AbstractFunction1<Iterator<ExecutorBatches>, Iterator<PartialGradients>>
        implements Serializable {
    private static final long serialVersionUID = 1L;

    private final GradientWorkerSettings settings;
    private final Broadcast<FloatArrays> weights;
    private final int step;

    GradientTask(GradientWorkerSettings settings, Broadcast<FloatArrays> weights, int step) {
        this.settings = settings;
        this.weights = weights;
        this.step = step;
    }

    @Override
    public Iterator<PartialGradients> apply(Iterator<ExecutorBatches> shares) {
        FloatArrays now = weights.value();
        return shares.map(new AbstractFunction1<ExecutorBatches, PartialGradients>() {
            @Override
            public PartialGradients apply(ExecutorBatches share) {
                return ExecutorWorker.sum(settings, now, step, share);
            }
        });
    }
}
