package org.llava4j.train.plan;

/**
 * Memory of the JVM beside the model's arrays. It cannot be computed from shapes: the constants were measured on JDK 17
 * with G1 and two kernel threads; {@code bench} shows whether they still hold.
 */
public final class JvmMemory {
    /**
     * Code, classes, garbage-collector tables, and the ND4J and OpenBLAS libraries with their buffers: resident memory
     * without the heap and without arrays, 177 to 184 MB in the benchmark.
     */
    private static final long LIBRARIES_BYTES = 180L << 20;

    /**
     * Share of the maximum heap that becomes resident: G1 starts collecting when 45 % of the heap is in use. Measured:
     * 0.56 of 256 MB in the benchmark, 0.43 of 1500 MB in a training stage.
     */
    private static final double SHARE_OF_HEAP = 0.6;

    private JvmMemory() {}

    /** Bytes of this JVM's heap that a run is expected to touch. */
    public static long heapBytes() {
        return (long) (SHARE_OF_HEAP * Runtime.getRuntime().maxMemory());
    }

    /** JVM memory of a run: libraries and heap, without the feature cache on the heap. */
    static long bytes(PlannedRun run) {
        return LIBRARIES_BYTES + Math.max(0, run.heapBytes() - run.featureBytes());
    }
}
