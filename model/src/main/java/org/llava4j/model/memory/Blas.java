package org.llava4j.model.memory;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.llava4j.data.memory.AddressSpace;
import org.nd4j.linalg.factory.Nd4j;

/**
 * OpenBLAS calls on row-major native memory. Each call runs on the calling thread only: the kernels split a product
 * over their own threads, and OpenBLAS's threads would compete with them.
 */
public final class Blas {
    /** Address space that OpenBLAS maps for each thread that calls it. */
    private static final long BUFFER_BYTES = 128L << 20;

    private Blas() {}

    /**
     * Sets OpenBLAS and ND4J to one thread. The setting is global to the process. Call this after ND4J has started,
     * because ND4J sets its own number of threads at start-up. ND4J's OpenMP threads spin after each operation and
     * would take CPU time from our workers.
     *
     * @throws OutOfMemoryError if the limit on the address space leaves no room for OpenBLAS's buffers
     */
    public static void useSingleThread() {
        AddressSpace.require(BUFFER_BYTES * Runtime.getRuntime().availableProcessors(), "OpenBLAS");
        Nd4j.getEnvironment().setMaxThreads(1);
        Nd4j.getEnvironment().setMaxMasterThreads(1);
        openblas_nolapack.blas_set_num_threads(1);
    }

    /** c[m, n] = alpha a[m, k] b[n, k]^T + beta c. */
    public static void gemmTransposedB(
            Scratch s,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc) {
        sgemm(s, CblasNoTrans, CblasTrans, alpha, beta, m, n, k, a, lda, b, ldb, c, ldc);
    }

    /** c[m, n] = a[m, k] b[k, n] + beta c. */
    public static void gemm(
            Scratch s, int m, int n, int k, long a, int lda, long b, int ldb, float beta, long c, int ldc) {
        sgemm(s, CblasNoTrans, CblasNoTrans, 1, beta, m, n, k, a, lda, b, ldb, c, ldc);
    }

    /** c[m, n] = a[k, m]^T b[k, n] + beta c. */
    public static void gemmTransposedA(
            Scratch s, int m, int n, int k, long a, int lda, long b, int ldb, float beta, long c, int ldc) {
        sgemm(s, CblasTrans, CblasNoTrans, 1, beta, m, n, k, a, lda, b, ldb, c, ldc);
    }

    private static void sgemm(
            Scratch s,
            int transA,
            int transB,
            float alpha,
            float beta,
            int m,
            int n,
            int k,
            long a,
            int lda,
            long b,
            int ldb,
            long c,
            int ldc) {
        openblas_nolapack.cblas_sgemm(
                openblas_nolapack.CblasRowMajor,
                transA,
                transB,
                m,
                n,
                k,
                alpha,
                s.first(a),
                lda,
                s.second(b),
                ldb,
                beta,
                s.third(c),
                ldc);
    }

    /** Sum of x[n] y[n]. */
    public static float dot(Scratch s, int n, long x, long y) {
        return openblas_nolapack.cblas_sdot(n, s.first(x), 1, s.second(y), 1);
    }

    /** y[n] = alpha w[n, k] x[k]. */
    public static void gemv(Scratch s, int n, int k, float alpha, long w, long x, long y) {
        sgemv(s, CblasNoTrans, n, k, alpha, w, x, y);
    }

    /** y[k] = x[n] w[n, k]. */
    public static void gemvTransposed(Scratch s, int n, int k, long x, long w, long y) {
        sgemv(s, CblasTrans, n, k, 1, w, x, y);
    }

    private static void sgemv(Scratch s, int trans, int n, int k, float alpha, long w, long x, long y) {
        openblas_nolapack.cblas_sgemv(
                openblas_nolapack.CblasRowMajor, trans, n, k, alpha, s.first(w), k, s.second(x), 1, 0, s.third(y), 1);
    }

    /** y[n] += x[n]. */
    public static void axpy(Scratch s, int n, long x, long y) {
        openblas_nolapack.cblas_saxpy(n, 1, s.first(x), 1, s.second(y), 1);
    }
}
