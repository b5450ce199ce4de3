package org.llava4j.model.kernels;

import java.util.List;
import java.util.function.ToLongFunction;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.NativeBlock;
import org.llava4j.model.memory.Scratch;

/**
 * GEMM baseline of a benchmark: the matrix products of a step without anything else, on the thread pool and with the
 * blocking of {@link CpuKernels}. All products share buffers that are allocated once.
 */
public final class GemmBaseline implements AutoCloseable {
    private final KernelThreadPool pool = new KernelThreadPool();
    private final List<Product> products;
    private final Buffers buffers;

    /** Operand layout of a product C[m, n]. */
    public enum Layout {
        /** A[m, k] B[n, k]^T: forward pass of a linear layer. */
        A_BT,
        /** A[m, k] B[k, n]: input gradient of a linear layer. */
        A_B,
        /** A[k, m]^T B[k, n]: weight gradient of a linear layer. */
        AT_B
    }

    /**
     * {@code count} products of one shape.
     *
     * @param batched true: small products that run in parallel, one per thread, like the heads of attention; false:
     *     products that run one after the other, each split over all threads
     */
    public record Product(Layout layout, int m, int n, int k, int count, boolean batched) {
        /** Floating-point operations; a multiply-add counts as two. */
        public double flops() {
            return 2.0 * m * n * k * count;
        }
    }

    /** Buffers for both operands and the result, each sized for the largest product. */
    private record Buffers(NativeBlock a, NativeBlock b, NativeBlock c) {
        /** Period of the values. */
        private static final int PATTERN = 7;

        static Buffers of(List<Product> products) {
            return new Buffers(
                    filled(largest(products, p -> (long) p.m * p.k)),
                    filled(largest(products, p -> (long) p.n * p.k)),
                    filled(largest(products, p -> (long) p.m * p.n)));
        }

        private static long largest(List<Product> products, ToLongFunction<Product> floats) {
            return products.stream().mapToLong(floats).max().orElse(1);
        }

        private static NativeBlock filled(long floats) {
            NativeBlock buffer = new NativeBlock(floats);
            float[] values = new float[PATTERN * 1024];
            for (int i = 0; i < values.length; i++) {
                values[i] = (i % PATTERN - PATTERN / 2) * 0.1f;
            }
            for (long at = 0; at < floats; at += values.length) {
                int count = (int) Math.min(values.length, floats - at);
                Scratch.forCurrentThread().write(values, at(buffer.address(), at), count);
            }
            return buffer;
        }

        void close() {
            a.close();
            b.close();
            c.close();
        }
    }

    /** Allocates the buffers and sets OpenBLAS to one thread, as {@link CpuKernels} does. */
    public GemmBaseline(List<Product> products) {
        Blas.useSingleThread();
        this.products = List.copyOf(products);
        buffers = Buffers.of(products);
    }

    /** Runs every product once. */
    public void run() {
        for (Product product : products) {
            if (product.batched) {
                pool.parallelFor(product.count, 1, (from, to) -> {
                    Scratch s = Scratch.forCurrentThread();
                    // Each thread writes its own result buffer, so that threads do not share cache lines.
                    long c = s.block(0, (long) product.m * product.n);
                    for (int i = from; i < to; i++) {
                        runBlock(s, product, c, 0, product.m, 0, product.n);
                    }
                });
            } else {
                for (int i = 0; i < product.count; i++) {
                    ProductBlocks.run(
                            pool,
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

    /** Floating-point operations of one run. */
    public double flops() {
        return products.stream().mapToDouble(Product::flops).sum();
    }

    /** Bytes of the shared buffers. */
    public long bytes() {
        return Float.BYTES * (buffers.a.floats() + buffers.b.floats() + buffers.c.floats());
    }

    @Override
    public void close() {
        pool.close();
        buffers.close();
    }
}
