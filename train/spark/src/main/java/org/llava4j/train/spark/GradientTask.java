package org.llava4j.train.spark;

import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** Spark task: computes the gradients of one executor's batches at the weights of the step. */
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
    public Iterator<PartialGradients> apply(Iterator<ExecutorBatches> partitions) {
        FloatArrays current = weights.value();
        return partitions.map(new AbstractFunction1<ExecutorBatches, PartialGradients>() {
            @Override
            public PartialGradients apply(ExecutorBatches batches) {
                return ExecutorWorker.sum(settings, current, step, batches);
            }
        });
    }
}
