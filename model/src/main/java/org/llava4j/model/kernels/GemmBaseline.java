package org.llava4j.model.kernels;

import java.util.List;
import java.util.function.ToLongFunction;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Matrix products and nothing beside them, on the threads and with the cuts of {@link CpuKernels}: what a measurement
 * holds a whole step against. The buffers are made beforehand and shared by all.
 */
public final class GemmBaseline implements AutoCloseable {
    private final KernelThreadPool workers = new KernelThreadPool(CpuKernels.threads());
    private final List<Product> products;
    private final Buffers buffers;

    /** How the operands of C[m, n] lie in memory. */
    public enum Layout {
        /** A[m, k] B[n, k]^T: a linear layer forward. */
        A_BT,
        /** A[m, k] B[k, n]: its input gradient. */
        A_B,
        /** A[k, m]^T B[k, n]: its weight gradient. */
        AT_B
    }

    /**
     * {@code count} products of one shape.
     *
     * @param batched whether they are small and run side by side, one on each thread, as the heads of attention do;
     *     otherwise one after the other, each shared by all threads
     */
    public record Product(Layout layout, int m, int n, int k, int count, boolean batched) {
        /** Floating point operations, a multiplication and an addition being two. */
        public double flops() {
            return 2.0 * m * n * k * count;
        }
    }

    /** Operands and result, each as large as the largest product needs it. */
    private record Buffers(FloatPointer a, FloatPointer b, FloatPointer c) {
        static Buffers of(List<Product> products) {
            return new Buffers(
                    filled(largest(products, p -> (long) p.m * p.k)),
                    filled(largest(products, p -> (long) p.n * p.k)),
                    filled(largest(products, p -> (long) p.m * p.n)));
        }

        private static long largest(List<Product> products, ToLongFunction<Product> floats) {
            return products.stream().mapToLong(floats).max().orElse(1);
        }

        private static FloatPointer filled(long floats) {
            FloatPointer buffer = new FloatPointer(floats);
            for (long i = 0; i < floats; i++) {
                buffer.put(i, (i % 7 - 3) * 0.1f);
            }
            return buffer;
        }

        void close() {
            a.deallocate();
            b.deallocate();
            c.deallocate();
        }
    }

    /** Sets OpenBLAS to one thread, as {@link CpuKernels} does. */
    public GemmBaseline(List<Product> products) {
        Blas.useSingleThread();
        this.products = List.copyOf(products);
        buffers = Buffers.of(products);
    }

    /** Runs all of them once. */
    public void run() {
        for (Product product : products) {
            if (product.batched) {
                workers.parallelFor(product.count, 1, (from, to) -> {
                    Scratch s = Scratch.forCurrentThread();
                    // Each thread has a result of its own: they must not write one line of cache.
                    long c = s.block(0, (long) product.m * product.n);
                    for (int i = from; i < to; i++) {
                        runBlock(s, product, c, 0, product.m, 0, product.n);
                    }
                });
            } else {
                for (int i = 0; i < product.count; i++) {
                    CpuLinear.parallelBlocks(
                            workers,
                            product.m,
                            product.n,
                            product.k,
                            (r0, r1, n0, n1) ->
                                    runBlock(Scratch.forCurrentThread(), product, buffers.c.address(), r0, r1, n0, n1));
                }
            }
        }
    }

    private void runBlock(Scratch s, Product p, long c, int r0, int r1, int n0, int n1) {
        long to = at(c, (long) r0 * p.n + n0);
        int m = r1 - r0;
        int n = n1 - n0;
        switch (p.layout) {
            case A_BT ->
                Blas.gemmTransposedB(
                        s,
                        m,
                        n,
                        p.k,
                        1,
                        at(buffers.a.address(), (long) r0 * p.k),
                        p.k,
                        at(buffers.b.address(), (long) n0 * p.k),
                        p.k,
                        0,
                        to,
                        p.n);
            case A_B ->
                Blas.gemm(
                        s,
                        m,
                        n,
                        p.k,
                        at(buffers.a.address(), (long) r0 * p.k),
                        p.k,
                        at(buffers.b.address(), n0),
                        p.n,
                        0,
                        to,
                        p.n);
            case AT_B ->
                Blas.gemmTransposedA(
                        s, m, n, p.k, at(buffers.a.address(), r0), p.m, at(buffers.b.address(), n0), p.n, 0, to, p.n);
        }
    }

    private static long at(long address, long position) {
        return address + position * Float.BYTES;
    }

    /** Floating point operations of one run. */
    public double flops() {
        return products.stream().mapToDouble(Product::flops).sum();
    }

    /** Bytes of the shared buffers. */
    public long bytes() {
        return Float.BYTES * (buffers.a.capacity() + buffers.b.capacity() + buffers.c.capacity());
    }

    @Override
    public void close() {
        workers.close();
        buffers.close();
    }
}
