package org.llava4j.model.kernels;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.kernels.AttentionKernels.QueryKeyValue;
import org.llava4j.model.kernels.OptimizerKernels.AdamWStep;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Benchmark of single kernels at the shapes of the {@code mid} size (batch 4, 384 positions, width 512, MLP 1376, 8
 * heads, vocabulary 8000, 256 target tokens), with OpenBLAS's own two-threaded sgemm as the baseline of products. Not a
 * test; run it by name:
 *
 * <pre>mvn -q -Pslow -pl model -am test -Dtest=KernelBenchmark</pre>
 *
 * <p>Each line shows median and best wall time in ms, CPU time in ms over all threads (least affected by other load),
 * and for products GFLOP/s at the best time.
 */
@Tag("slow")
class KernelBenchmark {
    private static final int REPETITIONS = Integer.getInteger("bench.repetitions", 15);
    private static final int R = 1536;
    private static final int D = 512;
    private static final int F = 1376;
    private static final int V = 8000;
    private static final int M = 256;

    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final Kernels k = CpuKernels.create(Nd4jKernels.create());
    private final INDArray x = random(R, D);
    private final INDArray x2 = random(R, D);
    private final INDArray y = random(R, D);
    private final INDArray wide = random(R, F);
    private final INDArray wide2 = random(R, F);
    private final INDArray wideOut = random(R, F);
    private final INDArray wideOut2 = random(R, F);
    private final INDArray w = random(D, D);
    private final INDArray up = random(F, D);
    private final INDArray down = random(D, F);

    private static INDArray random(long... shape) {
        return Nd4j.randn(DataType.FLOAT, shape).muli(0.1);
    }

    @Test
    void products() {
        System.out.println(k + ", " + System.getProperty("java.version") + ", threads "
                + Runtime.getRuntime().availableProcessors());
        for (int[] p : new int[][] {{R, D, D}, {R, F, D}, {R, D, F}, {M, V, D}, {1028, 1024, 256}, {1028, 256, 1024}}) {
            double flops = 2.0 * p[0] * p[1] * p[2];
            String shape = Arrays.toString(p);
            INDArray in = random(p[0], p[2]);
            INDArray weight = random(p[1], p[2]);
            INDArray out = random(p[0], p[1]);
            INDArray residual = random(p[0], p[1]);
            INDArray dx = random(p[0], p[2]);
            INDArray dw = random(p[1], p[2]);
            INDArray bias = random(p[1]);
            openblas_nolapack.blas_set_num_threads(2);
            time(flops, "sgemm, OpenBLAS's two threads " + shape, () -> sgemm(in, weight, out));
            openblas_nolapack.blas_set_num_threads(1);
            time(flops, "sgemm, one thread             " + shape, () -> sgemm(in, weight, out));
            time(
                    flops,
                    "linear                        " + shape,
                    () -> k.linear().forward(in, weight, null, null, out));
            time(
                    flops,
                    "linear + residual             " + shape,
                    () -> k.linear().forward(in, weight, null, residual, out));
            time(
                    flops,
                    "linear + bias + residual      " + shape,
                    () -> k.linear().forward(in, weight, bias, residual, out));
            INDArray[] dys = {out};
            INDArray[] ws = {weight};
            time(
                    flops,
                    "input gradient                " + shape,
                    () -> k.linear().gradInput(dys, ws, dx));
            time(
                    flops,
                    "weight gradient               " + shape,
                    () -> k.linear().gradWeight(out, in, dw));
        }
    }

    private static void sgemm(INDArray in, INDArray weight, INDArray out) {
        Matrix a = Matrix.of(in);
        Matrix b = Matrix.of(weight);
        Matrix c = Matrix.of(out);
        int n = c.columns();
        Blas.gemmTransposedB(
                Scratch.forCurrentThread(),
                a.rows(),
                n,
                a.columns(),
                1,
                a.address(),
                a.columns(),
                b.address(),
                b.columns(),
                0,
                c.address(),
                n);
    }

    @Test
    void attention() {
        AttentionShape shape = new AttentionShape(4, 384, 8, 8, 64, true);
        AttentionShape vision = new AttentionShape(4, 257, 4, 4, 64, false);
        INDArray v = random(R, D);
        INDArray dq = random(R, D);
        INDArray dk = random(R, D);
        INDArray dv = random(R, D);
        double pairs = 4.0 * 8 * (384.0 * 385 / 2);
        time(
                pairs * 64 * 4,
                "causal attention",
                () -> k.attention().forward(new QueryKeyValue(x, x2, v), null, shape, y));
        time(
                pairs * 64 * 10,
                "causal attention's gradients",
                () -> k.attention()
                        .gradient(y, new QueryKeyValue(x, x2, v), null, shape, new QueryKeyValue(dq, dk, dv)));
        INDArray a = random(1028, 256);
        INDArray b = random(1028, 256);
        INDArray c = random(1028, 256);
        INDArray o = random(1028, 256);
        time(
                4.0 * 4 * 257 * 257 * 64 * 4,
                "the tower's attention",
                () -> k.attention().forward(new QueryKeyValue(a, b, c), null, vision, o));
    }

    @Test
    void otherKernels() {
        INDArray norm = random(D);
        INDArray positions = Nd4j.createFromArray(new int[R]);
        INDArray logits = random(M, V);
        INDArray dLogits = random(M, V);
        INDArray targets = Nd4j.createFromArray(new int[M]);
        INDArray one = Nd4j.createFromArray(1f);
        INDArray table = random(V, D);
        INDArray dTable = random(V, D);
        INDArray ids =
                Nd4j.createFromArray(new java.util.Random(1).ints(R, 0, V).toArray());
        INDArray dNorm = random(D);
        INDArray dWide = random(F);
        time(0, "RMS norm", () -> k.norms().rmsNorm(x, norm, 1e-5, y));
        time(0, "RMS norm, input gradient", () -> k.norms().rmsNormGradInput(x2, x, norm, 1e-5, y));
        time(0, "RMS norm, weight gradient", () -> k.norms().rmsNormGradWeight(x2, x, 1e-5, dNorm));
        time(0, "layer norm", () -> k.norms().layerNorm(x, norm, norm, 1e-5, y));
        time(
                0,
                "rope",
                () -> k.rope()
                        .rotate(x, positions, new RopeKernels.Rotation(64, RotaryOrder.HALVES, 10000, 1, false), y));
        time(0, "SwiGLU", () -> k.activations().swiGlu(wide, wide2, wideOut));
        time(0, "SwiGLU's gradients", () -> k.activations().swiGluGrad(wideOut, wide, wide2, wideOut, wideOut2));
        time(0, "quick GELU", () -> k.activations().activation(Activation.QUICK_GELU, wide, wideOut));
        time(0, "GELU", () -> k.activations().activation(Activation.GELU, wide, wideOut));
        time(0, "cross entropy", () -> k.loss().crossEntropy(logits, targets, one));
        time(0, "cross entropy's gradient", () -> k.loss().crossEntropyGrad(one, logits, targets, dLogits));
        time(0, "embedding", () -> k.rows().embedding(ids, table, y));
        time(0, "embedding's gradient", () -> k.rows().embeddingGrad(y, ids, dTable));
        time(0, "column sums", () -> k.linear().gradBias(wide, dWide));
        AdamWStep step = new AdamWStep(1, 1e-3, 0.9, 0.999, 1e-8, 0, 1);
        INDArray moments = random(V, D).muli(0);
        INDArray moments2 = random(V, D).muli(0);
        time(0, "AdamW on [8000, 512]", () -> k.optimizer().adamW(table, dTable, moments, moments2, step));
    }

    private void time(double flops, String what, Runnable run) {
        for (int i = 0; i < REPETITIONS; i++) {
            run.run();
        }
        double[] ms = new double[REPETITIONS];
        long processor = system.getProcessCpuTime();
        for (int i = 0; i < REPETITIONS; i++) {
            long start = System.nanoTime();
            run.run();
            ms[i] = (System.nanoTime() - start) / 1e6;
        }
        double processorMs = (system.getProcessCpuTime() - processor) / 1e6 / REPETITIONS;
        Arrays.sort(ms);
        System.out.printf(
                Locale.ROOT,
                "%-52s median %7.2f  best %7.2f  processor %7.2f  %s%n",
                what,
                ms[REPETITIONS / 2],
                ms[0],
                processorMs,
                flops == 0 ? "" : "%.0f GFLOP/s".formatted(flops / ms[0] / 1e6));
    }
}
