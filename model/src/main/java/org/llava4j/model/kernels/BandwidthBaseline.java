package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Memory-bandwidth baseline of a benchmark: all threads read arrays once, in parallel, with vector loads. A decode step
 * reads every weight once, so it cannot be faster than a read of the same memory: other memory may be faster or slower,
 * by the pages that it was given.
 */
public final class BandwidthBaseline implements AutoCloseable {
    /** Bytes that a thread reads at once. */
    private static final int CHUNK_BYTES = 1 << 18;

    private final KernelThreadPool pool = new KernelThreadPool();
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private final AtomicInteger sum = new AtomicInteger();
    private long bytes;

    /**
     * @param arrays dense, larger together than the CPU caches; the caller keeps them alive
     * @throws BadInputException if the JVM runs without the Vector API, whose loads are the fastest
     */
    public BandwidthBaseline(List<INDArray> arrays) {
        if (!MathBackend.hasVectorApi()) {
            throw new BadInputException(
                    "the bandwidth baseline needs the Vector API; start java with --add-modules jdk.incubator.vector");
        }
        arrays.forEach(this::addChunks);
    }

    private void addChunks(INDArray array) {
        long address = NativeArray.addressOf(array);
        long length = array.length() * array.dataType().width();
        for (long from = 0; from < length; from += CHUNK_BYTES) {
            ByteBuffer chunk = NativeArray.bytes(address + from, (int) Math.min(CHUNK_BYTES, length - from));
            chunks.add(chunk);
            bytes += chunk.remaining();
        }
    }

    /** Reads all arrays once. */
    public void run() {
        pool.parallelFor(chunks.size(), Math.max(1, chunks.size() / (8 * pool.threads())), (from, to) -> {
            int part = 0;
            for (ByteBuffer chunk : chunks.subList(from, to)) {
                part += VectorLoads.sum(chunk);
            }
            sum.addAndGet(part);
        });
    }

    /** Bytes of all arrays. */
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        pool.close();
    }
}
