package org.llava4j.model.kernels;

import org.llava4j.model.memory.Blas;

/**
 * Fast CPU kernels: matrix products by OpenBLAS, everything else by the Vector API (or plain Java if the JVM runs
 * without it), parallelized over one thread pool. They support dense float32 arrays in C order on the CPU backend; all
 * other calls go to the fallback. For a given number of threads, results are identical from run to run.
 *
 * <p>Shapes that do not match throw an {@link IllegalArgumentException}, and ids outside a table throw a {@link
 * org.llava4j.data.BadInputException}: the kernels address memory directly, so every argument is checked first.
 */
public final class CpuKernels {
    private CpuKernels() {}

    /**
     * Creates kernels that use all processors, or {@code -Dllava4j.threads} threads.
     *
     * @param fallback computes everything that is not dense float32
     */
    public static Kernels create(Kernels fallback) {
        return create(fallback, MathBackend.bestAvailable(), new KernelThreadPool());
    }

    static Kernels create(Kernels fallback, MathBackend math, KernelThreadPool pool) {
        Blas.useSingleThread();
        return new Kernels(
                "CPU kernels (" + math.name() + "), " + pool.threads() + " threads",
                new CpuLinear(math, pool, fallback.linear()),
                new CpuNorms(math, pool, fallback.norms()),
                new CpuRope(math, pool, fallback.rope()),
                new CpuAttention(math, pool, fallback.attention()),
                new CpuDecodeAttention(math, pool, fallback.decodeAttention()),
                new CpuActivations(math, pool, fallback.activations()),
                new CpuElementwise(math, pool, fallback.elementwise()),
                new CpuRows(math, pool, fallback.rows()),
                new CpuLoss(math, pool, fallback.loss()),
                new CpuVision(math, pool, fallback.vision()),
                new CpuOptimizer(math, pool, fallback.optimizer()));
    }
}
