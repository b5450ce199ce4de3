package org.llava4j.train.spark;

import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** A task: the gradients of one share at the weights of the step. */
final class SumShare extends AbstractFunction1<Iterator<Share>, Iterator<ShareSum>> implements Serializable {
    private static final long serialVersionUID = 1L;

    private final LearnerSettings settings;
    private final Broadcast<FloatArrays> weights;
    private final int step;

    SumShare(LearnerSettings settings, Broadcast<FloatArrays> weights, int step) {
        this.settings = settings;
        this.weights = weights;
        this.step = step;
    }

    @Override
    public Iterator<ShareSum> apply(Iterator<Share> shares) {
        FloatArrays now = weights.value();
        return shares.map(new AbstractFunction1<Share, ShareSum>() {
            @Override
            public ShareSum apply(Share share) {
                return ExecutorLearner.sum(settings, now, step, share);
            }
        });
    }
}
