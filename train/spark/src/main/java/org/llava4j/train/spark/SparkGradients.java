package org.llava4j.train.spark;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.train.GradientAccumulator;
import org.llava4j.train.StepBatches;
import org.llava4j.train.StepGradients;
import org.llava4j.train.logging.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Data-parallel gradient computation on Spark executors.
 *
 * <p>A step is a job with a barrier stage: all its tasks run at the same time, one on each executor, or the job fails.
 * Their sums are added in the order of the tasks, so that results are bit-identical for the same number of executors.
 * If an executor is lost, the step is retried with the remaining ones.
 */
final class SparkGradients implements StepGradients {
    private static final ClassTag<PartialGradients> SUM = ClassTag$.MODULE$.apply(PartialGradients.class);
    private static final int MAX_FAILURES = 4;
    private static final int SECONDS_TO_SETTLE = 2;
    private static final int SECONDS_TO_WAIT = 15;

    private final JavaSparkContext spark;
    private final GradientWorkerSettings settings;
    private final TrainingListener listener;
    private final Function<List<Path>, List<String>> imageHashes;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();
    private int executorsBefore;
    private long imagesComputed;

    /**
     * @param weights trainable weights, by reference
     * @param imageHashes hashes of the contents of images
     */
    SparkGradients(
            JavaSparkContext spark,
            GradientWorkerSettings settings,
            Map<String, INDArray> weights,
            Function<List<Path>, List<String>> imageHashes,
            TrainingListener listener) {
        this.spark = spark;
        this.settings = settings;
        this.listener = listener;
        this.imageHashes = imageHashes;
        this.weights.putAll(weights);
    }

    /** Failure of a step that is retried; its gradients are discarded. */
    private static final class StepLostException extends Exception {
        private static final long serialVersionUID = 1L;

        StepLostException(String reason) {
            super(reason);
        }
    }

    @Override
    public GradientAccumulator sum(int step, StepBatches stepBatches) {
        List<BatchPlan> batches = stepBatches.plans();
        for (int failures = 0; ; ) {
            int executors = Math.min(awaitExecutors(batches.size()), batches.size());
            try {
                return gathered(step, ExecutorBatches.of(batches, executors, imageHashes));
            } catch (StepLostException e) {
                if (++failures == MAX_FAILURES) {
                    throw new BadInputException("step " + (step + 1) + " failed " + failures + " times on the cluster,"
                            + " the last time because " + e.getMessage() + "; check the executors' logs and resume"
                            + " from the last checkpoint with --resume auto");
                }
                listener.notice("retrying step " + (step + 1) + ", no weight was changed: " + e.getMessage());
                pause(SECONDS_TO_SETTLE);
            }
        }
    }

    /**
     * Number of executors, at least one. Before the first step it waits until the number is stable; changes are
     * reported.
     */
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
                                    : ", of which " + batches + " are used: a step has no more batches"
                                            + " (--gradient-accumulation-steps)"));
                    executorsBefore = executors;
                }
                return executors;
            }
            if (executors == 0 && seconds == SECONDS_TO_WAIT) {
                listener.notice("no executor is available; waiting");
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

    private GradientAccumulator gathered(int step, List<ExecutorBatches> batches) throws StepLostException {
        Broadcast<FloatArrays> broadcast = spark.broadcast(FloatArrays.of(weights));
        try {
            JavaRDD<ExecutorBatches> parts = spark.parallelize(batches, batches.size());
            JavaRDD<PartialGradients> sums = JavaRDD.fromRDD(
                    parts.rdd().barrier().mapPartitions(new GradientTask(settings, broadcast, step), false, SUM), SUM);
            return added(await(sums.collectAsync(), batches.size()));
        } finally {
            broadcast.destroy();
        }
    }

    /**
     * Waits for the job. A barrier stage whose executor is lost may never finish, so the number of executors is
     * monitored.
     */
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
                throw new StepLostException(String.valueOf(
                                Objects.requireNonNullElse(e.getCause(), e).getMessage())
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
}
