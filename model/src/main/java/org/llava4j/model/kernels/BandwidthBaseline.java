package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;

/**
 * How fast memory is read by all threads at once, each adding up a part of one large block: what a measurement holds
 * against a product that reads each weight once.
 */
public final class BandwidthBaseline implements AutoCloseable {
    /** Far larger than any cache of the machines that this runs on, unless a weight is larger still. */
    private static final long BYTES = 512L << 20;
    /** How often a run reads it: less would measure a lucky moment. */
    private static final int READS_PER_RUN = 3;
    /** Read by one call, as a row of blocks of a weight is. */
    private static final int FLOATS_PER_CALL = 1 << 16;

    private final KernelThreadPool workers = new KernelThreadPool(CpuKernels.threads());
    private final FloatPointer block = new FloatPointer(BYTES / Float.BYTES);
    private final long address;

    public BandwidthBaseline() {
        Blas.useSingleThread();
        address = block.address();
        Scratch.forCurrentThread().zero(address, block.capacity());
    }

    /** Reads all of it some times. */
    public void run() {
        for (int i = 0; i < READS_PER_RUN; i++) {
            readOnce();
        }
    }

    private void readOnce() {
        int pieces = Math.toIntExact(block.capacity() / FLOATS_PER_CALL);
        workers.parallelFor(pieces, Math.max(1, pieces / (8 * workers.threads())), (first, end) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int piece = first; piece < end; piece++) {
                Blas.asum(s, FLOATS_PER_CALL, address + (long) piece * FLOATS_PER_CALL * Float.BYTES);
            }
        });
    }

    /** Bytes that one run reads. */
    public long bytes() {
        return READS_PER_RUN * BYTES;
    }

    @Override
    public void close() {
        workers.close();
        block.deallocate();
    }
}
