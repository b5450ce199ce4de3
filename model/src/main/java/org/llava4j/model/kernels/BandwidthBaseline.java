package org.llava4j.model.kernels;

import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.NativeBlock;
import org.llava4j.model.memory.Scratch;

/**
 * Memory-bandwidth baseline of a benchmark: all threads sum one large block in parallel. A decode step reads every
 * weight once, so it cannot be faster than this.
 */
public final class BandwidthBaseline implements AutoCloseable {
    /** Size of the block: much larger than the CPU caches, so that reads come from memory. */
    private static final long BYTES = 512L << 20;
    /** Reads of the block per run; more reads make a single run less noisy. */
    private static final int READS_PER_RUN = 3;
    /** Floats summed by one BLAS call. */
    private static final int FLOATS_PER_CALL = 1 << 16;

    private final KernelThreadPool pool = new KernelThreadPool();
    private final NativeBlock block = new NativeBlock(BYTES / Float.BYTES);
    private final long address;

    /** Allocates the block and sets OpenBLAS to one thread, as {@link CpuKernels} does. */
    public BandwidthBaseline() {
        Blas.useSingleThread();
        address = block.address();
        Scratch.forCurrentThread().zero(address, block.floats());
    }

    /** Reads the block {@link #READS_PER_RUN} times. */
    public void run() {
        for (int i = 0; i < READS_PER_RUN; i++) {
            readOnce();
        }
    }

    private void readOnce() {
        int calls = Math.toIntExact(block.floats() / FLOATS_PER_CALL);
        pool.parallelFor(calls, Math.max(1, calls / (8 * pool.threads())), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int call = from; call < to; call++) {
                Blas.asum(s, FLOATS_PER_CALL, address + (long) call * FLOATS_PER_CALL * Float.BYTES);
            }
        });
    }

    /** Bytes that one run reads. */
    public long bytes() {
        return READS_PER_RUN * BYTES;
    }

    @Override
    public void close() {
        pool.close();
        block.close();
    }
}
