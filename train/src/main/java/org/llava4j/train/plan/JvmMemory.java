package org.llava4j.train.plan;

/**
 * What a process has beside the model's arrays. It cannot be computed; these are measurements of JDK 17 with G1 and two
 * threads of kernels, of which {@code bench} shows what has become.
 */
public final class JvmMemory {
    /**
     * Code, classes, the collector's tables, the libraries of ND4J and OpenBLAS with their buffers: resident memory
     * without the heap and without arrays, 177 to 184 MB in the bench.
     */
    private static final long LIBRARIES_BYTES = 180L << 20;

    /**
     * What of the heap's limit becomes resident: G1 begins to collect when 45 % of its heap are in use. 0.56 of 256 MB in
     * the bench, 0.43 of 1500 MB in a stage.
     */
    private static final double SHARE_OF_HEAP = 0.6;

    private JvmMemory() {}

    /** What of this JVM's heap a run is expected to touch. */
    public static long heapBytes() {
        return (long) (SHARE_OF_HEAP * Runtime.getRuntime().maxMemory());
    }

    /** With the heap, but for the features in it. */
    static long bytes(PlannedRun run) {
        return LIBRARIES_BYTES + Math.max(0, run.heapBytes() - run.featureBytes());
    }
}
