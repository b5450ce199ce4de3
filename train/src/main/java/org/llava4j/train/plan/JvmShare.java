package org.llava4j.train.plan;

/** What a process has beside the model's arrays: measured, not computed. */
final class JvmShare {
    /**
     * Code, classes, threads, the libraries of ND4J and OpenBLAS with their buffers: resident memory of a run of the
     * small bench without its heap and its arrays.
     */
    private static final long LIBRARIES_BYTES = 140L << 20;

    private JvmShare() {}

    static long bytes(PlannedRun run) {
        return LIBRARIES_BYTES + Math.max(0, run.heapBytes() - run.featureBytes());
    }
}
