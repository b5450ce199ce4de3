package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a run takes on a cluster whose executors compute gradients: each has the memory of a run on one machine, and in each
 * step gets all weights that learn and sends the sum of their gradients.
 *
 * @param plan of the run on one machine
 * @param executors that there are
 * @param batches forward passes of one optimiser step, shared by the executors
 * @param gbitPerSecond of the driver's network, each way
 */
public record ClusterPlan(MemoryPlan plan, int executors, int batches, double gbitPerSecond) {
    private static final double GIGA = 1e9;
    private static final int COPIES = 4; // received, put in, computed, sent
    private static final long GB = 1L << 30;

    /** Bytes that each executor receives in a step, and sends: float32 of all that learns. */
    public long bytesPerExecutor() {
        return plan.trainableParameters() * Float.BYTES;
    }

    /** Executors that have a batch in a step. */
    public int activeExecutors() {
        return Math.min(executors, batches);
    }

    /** Bytes that the driver receives in a step. */
    public long bytesIntoDriver() {
        return activeExecutors() * bytesPerExecutor();
    }

    /**
     * The network's part of a step: the weights spread (the driver sends them once, executors pass the pieces on), then the
     * sums come in one after the other.
     */
    public double networkSeconds() {
        return (bytesPerExecutor() + bytesIntoDriver()) * Byte.SIZE / (gbitPerSecond * GIGA);
    }

    /** Heap of an executor: {@code spark.executor.memory}. */
    public long heapBytes() {
        return plan.jvmBytes() + plan.featureBytes() + COPIES * bytesPerExecutor();
    }

    /** Arrays outside of it: {@code spark.executor.memoryOverhead}. */
    public long overheadBytes() {
        return plan.neededBytes() - plan.jvmBytes() - plan.featureBytes();
    }

    /** Each part by its name, in words. */
    public Map<String, String> breakdown() {
        Map<String, String> parts = new LinkedHashMap<>();
        int most = (batches + activeExecutors() - 1) / activeExecutors();
        parts.put(
                "executors",
                executors + ", of which " + activeExecutors() + " have work: " + batches + " batches a step, at most "
                        + most + " each");
        parts.put(
                "moved a step",
                String.format(
                        Locale.ROOT,
                        "%s to each executor and %s back, %s into the driver; %.2f s at %s Gbit/s",
                        MemoryPlan.formatBytes(bytesPerExecutor()),
                        MemoryPlan.formatBytes(bytesPerExecutor()),
                        MemoryPlan.formatBytes(bytesIntoDriver()),
                        networkSeconds(),
                        gbitPerSecond));
        parts.put(
                "spark-submit",
                "--conf spark.executor.memory=" + gb(heapBytes()) + " --conf spark.executor.memoryOverhead="
                        + gb(overheadBytes()) + " --driver-memory " + gb(heapBytes() + bytesIntoDriver())
                        + " --conf spark.driver.maxResultSize=" + gb(2 * bytesIntoDriver()));
        return parts;
    }

    private static String gb(long bytes) {
        return Math.max(1, (bytes + GB - 1) / GB) + "g";
    }
}
