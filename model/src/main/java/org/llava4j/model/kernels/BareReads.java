package org.llava4j.model.kernels;

import org.bytedeco.javacpp.FloatPointer;

/**
 * How fast memory is read by all threads at once, each adding up a part of one large block: what a measurement holds
 * against a product that reads each weight once.
 */
public final class BareReads implements AutoCloseable {
    /** Far larger than any cache of the machines that this runs on, unless a weight is larger still. */
    private static final long BYTES = 512L << 20;
    /** How often a run reads it: less would measure a lucky moment. */
    private static final int TIMES = 3;
    /** Read by one call, as a row of blocks of a weight is. */
    private static final int PIECE = 1 << 16;

    private final Workers workers = new Workers(CpuKernels.threads());
    private final FloatPointer block = new FloatPointer(BYTES / Float.BYTES);
    private final long from;

    public BareReads() {
        Blas.useCallingThread();
        from = block.address();
        Scratch.ofThisThread().zero(from, block.capacity());
    }

    /** Reads all of it some times. */
    public void run() {
        for (int i = 0; i < TIMES; i++) {
            readOnce();
        }
    }

    private void readOnce() {
        int pieces = Math.toIntExact(block.capacity() / PIECE);
        workers.ranges(pieces, Math.max(1, pieces / (8 * workers.threads())), (first, end) -> {
            Scratch s = Scratch.ofThisThread();
            for (int piece = first; piece < end; piece++) {
                Blas.sumOfMagnitudes(s, PIECE, from + (long) piece * PIECE * Float.BYTES);
            }
        });
    }

    /** Bytes that one run reads. */
    public long bytes() {
        return TIMES * BYTES;
    }

    @Override
    public void close() {
        workers.close();
        block.deallocate();
    }
}
