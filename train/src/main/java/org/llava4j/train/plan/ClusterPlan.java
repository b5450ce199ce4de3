package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Resource estimate of data-parallel training on a Spark cluster. Each executor needs the memory of a single-machine
 * run. In each step every executor receives all trainable weights and sends back the sum of its gradients.
 *
 * @param plan of the run on one machine
 * @param executors number of executors
 * @param batches forward passes per optimizer step, distributed over the executors
 * @param gbitPerSecond bandwidth of the driver's network, each way
 */
public record ClusterPlan(MemoryPlan plan, int executors, int batches, double gbitPerSecond) {
    private static final double GIGA = 1e9;
    private static final int COPIES = 4; // received weights, weights in the graph, gradients, sent gradients
    private static final long GB = 1L << 30;

    /** Bytes that each executor receives in a step, and also sends: all trainable parameters in float32. */
    long bytesPerExecutor() {
        return plan.trainableParameters() * Float.BYTES;
    }

    /** Executors that have at least one batch in a step. */
    int activeExecutors() {
        return Math.min(executors, batches);
    }

    /** Bytes that the driver receives in a step. */
    long bytesIntoDriver() {
        return activeExecutors() * bytesPerExecutor();
    }

    /**
     * Network time of a step: the broadcast of the weights (the driver sends them once, executors pass the pieces on),
     * then the gradient sums, which arrive one after the other.
     */
    double networkSeconds() {
        return (bytesPerExecutor() + bytesIntoDriver()) * Byte.SIZE / (gbitPerSecond * GIGA);
    }

    /** Heap of an executor: {@code spark.executor.memory}. */
    long heapBytes() {
        return plan.jvmBytes() + plan.featureBytes() + COPIES * bytesPerExecutor();
    }

    /** Native memory of an executor: {@code spark.executor.memoryOverhead}. */
    long overheadBytes() {
        return plan.neededBytes() - plan.jvmBytes() - plan.featureBytes();
    }

    /** Returns the rows of the report: name to formatted value. */
    public Map<String, String> breakdown() {
        Map<String, String> rows = new LinkedHashMap<>();
        int perExecutor = (batches + activeExecutors() - 1) / activeExecutors();
        rows.put(
                "executors",
                executors + ", " + activeExecutors() + " of them active: " + batches + " batches per step, at most "
                        + perExecutor + " per executor");
        rows.put(
                "network",
                String.format(
                        Locale.ROOT,
                        "%s to each executor, %s back, %s into the driver; %.2f s at %s Gbit/s",
                        MemoryPlan.formatBytes(bytesPerExecutor()),
                        MemoryPlan.formatBytes(bytesPerExecutor()),
                        MemoryPlan.formatBytes(bytesIntoDriver()),
                        networkSeconds(),
                        gbitPerSecond));
        rows.put(
                "spark-submit",
                "--conf spark.executor.memory=" + gb(heapBytes()) + " --conf spark.executor.memoryOverhead="
                        + gb(overheadBytes()) + " --driver-memory " + gb(heapBytes() + bytesIntoDriver())
                        + " --conf spark.driver.maxResultSize=" + gb(2 * bytesIntoDriver()));
        return rows;
    }

    private static String gb(long bytes) {
        return Math.max(1, (bytes + GB - 1) / GB) + "g";
    }
}
