package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.train.GradientAccumulator;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.StepGradients;
import org.nd4j.linalg.api.ndarray.INDArray;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Gradients of steps, computed by executors. A step is one job of a barrier stage: all its tasks run at once, one on each
 * executor that is there, or none counts. Their sums are gathered and added in the order of the tasks, so that the same
 * number of executors gives the same bits. A step whose executor is lost begins anew with those that are left.
 */
final class SparkGradients implements StepGradients {
    private static final ClassTag<PartialGradients> SUM = ClassTag$.MODULE$.apply(PartialGradients.class);
    private static final int MAX_FAILURES = 4;
    private static final int SECONDS_TO_SETTLE = 2;
    private static final int SECONDS_TO_WAIT = 15;

    private final JavaSparkContext spark;
    private final GradientWorkerSettings settings;
    private final TrainingListener listener;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private int executorsBefore;
    private long imagesComputed;

    /** @param weights those that learn, by reference */
    SparkGradients(
            JavaSparkContext spark,
            GradientWorkerSettings settings,
            Map<String, INDArray> weights,
            TrainingListener listener) {
        this.spark = spark;
        this.settings = settings;
        this.listener = listener;
        this.weights.putAll(weights);
    }

    /** A step that has to begin anew; nothing of it was counted. */
    private static final class StepLostException extends Exception {
        private static final long serialVersionUID = 1L;

        StepLostException(String reason) {
            super(reason);
        }
    }

    @Override
    public GradientAccumulator sum(int step, List<BatchPlan> batches) {
        for (int failures = 0; ; ) {
            int executors = Math.min(awaitExecutors(batches.size()), batches.size());
            try {
                return gathered(step, ExecutorBatches.of(batches, executors));
            } catch (StepLostException e) {
                if (++failures == MAX_FAILURES) {
                    throw new BadInputException("step " + (step + 1) + " failed " + failures + " times on the cluster,"
                            + " the last time because " + e.getMessage() + "; look at the executors' logs, and go on"
                            + " from the last checkpoint with --resume auto");
                }
                listener.notice(
                        "step " + (step + 1) + " begins anew, no weight has learned from it yet: " + e.getMessage());
                pause(SECONDS_TO_SETTLE);
            }
        }
    }

    /** How many executors are there, at least one; before the first step, when no more of them come. A change is told. */
    private int awaitExecutors(int batches) {
        int last = 0;
        int settled = 0;
        for (int seconds = 0; ; seconds++) {
            int executors = executors();
            settled = executors == last ? settled + 1 : 0;
            last = executors;
            if (executors > 0 && (executorsBefore > 0 || settled >= SECONDS_TO_SETTLE)) {
                if (executors != executorsBefore) {
                    listener.notice("gradients are computed by " + executors + " executor"
                            + (executors == 1 ? "" : "s")
                            + (executors <= batches
                                    ? ""
                                    : ", of which " + batches + " have work: a step has no more batches"
                                            + " (--gradient-accumulation-steps)"));
                    executorsBefore = executors;
                }
                return executors;
            }
            if (executors == 0 && seconds == SECONDS_TO_WAIT) {
                listener.notice("there is no executor; waiting for one");
            }
            pause(1);
        }
    }

    private int executors() {
        int all = spark.sc().statusTracker().getExecutorInfos().length;
        return spark.isLocal() ? all : all - 1;
    }

    private static void pause(int seconds) {
        try {
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the run was interrupted", e);
        }
    }

    private GradientAccumulator gathered(int step, List<ExecutorBatches> shares) throws StepLostException {
        Broadcast<FloatArrays> now = spark.broadcast(FloatArrays.of(weights));
        try {
            JavaRDD<ExecutorBatches> parts = spark.parallelize(shares, shares.size());
            JavaRDD<PartialGradients> sums = JavaRDD.fromRDD(
                    parts.rdd().barrier().mapPartitions(new GradientTask(settings, now, step), false, SUM), SUM);
            return added(await(sums.collectAsync(), shares.size()));
        } finally {
            now.destroy();
        }
    }

    /** A stage whose executor is gone may wait for ever for another, so its number is watched. */
    private List<PartialGradients> await(JavaFutureAction<List<PartialGradients>> job, int tasks)
            throws StepLostException {
        int secondsTooFew = 0;
        while (true) {
            try {
                return job.get(1, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                secondsTooFew = executors() < tasks ? secondsTooFew + 1 : 0;
                if (secondsTooFew > SECONDS_TO_SETTLE) {
                    job.cancel(true);
                    throw new StepLostException("an executor was lost");
                }
            } catch (ExecutionException e) {
                throw new StepLostException(String.valueOf(e.getCause().getMessage())
                        .lines()
                        .findFirst()
                        .orElse("a task failed"));
            } catch (InterruptedException e) {
                job.cancel(true);
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the run was interrupted", e);
            }
        }
    }

    private GradientAccumulator added(List<PartialGradients> parts) {
        for (PartialGradients part : parts) {
            if (part.error() != null) {
                throw new BadInputException(part.error() + " (on an executor)");
            }
        }
        GradientAccumulator sum = new GradientAccumulator();
        for (PartialGradients part : parts) {
            imagesComputed += part.imagesComputed();
            sum.addSum(part.lossSum(), part.targetTokens(), part.gradients().shapedAs(weights));
        }
        return sum;
    }

    @Override
    public long imagesComputed() {
        return imagesComputed;
    }

    @Override
    public void close() {
        // The context is its owner's.
    }
}
