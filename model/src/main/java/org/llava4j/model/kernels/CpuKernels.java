package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;
import static org.llava4j.model.kernels.Matrix.orNull;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.memory.Blas;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Fast CPU kernels: matrix products by OpenBLAS, everything else by the Vector API (or plain Java if the JVM runs
 * without it), parallelized over one thread pool. They support dense float32 arrays in C order on the CPU backend; all
 * other calls go to the fallback. For a given number of threads, results are identical from run to run.
 *
 * <p>Shapes that do not match throw an {@link IllegalArgumentException}, and ids outside a table throw a {@link
 * org.llava4j.data.BadInputException}: the kernels address memory directly, so every argument is checked first.
 */
public final class CpuKernels implements Kernels {
    private final Kernels fallback;
    private final MathBackend math;
    private final CpuLinear linear;
    private final CpuNorms norms;
    private final CpuRope rope;
    private final CpuAttention attention;
    private final CpuDecodeAttention decodeAttention;
    private final CpuElementwise elementwise;
    private final CpuRows rows;
    private final CpuLoss loss;
    private final CpuVision vision;

    /**
     * Creates kernels that use all processors, or {@code -Dllava4j.threads} threads.
     *
     * @param fallback computes everything that is not dense float32
     */
    public CpuKernels(Kernels fallback) {
        this(fallback, MathBackend.bestAvailable(), new KernelThreadPool(threads()));
    }

    CpuKernels(Kernels fallback, MathBackend math, KernelThreadPool pool) {
        Blas.useSingleThread();
        this.fallback = fallback;
        this.math = math;
        linear = new CpuLinear(math, pool);
        norms = new CpuNorms(math, pool);
        rope = new CpuRope(math, pool);
        attention = new CpuAttention(math, pool);
        decodeAttention = new CpuDecodeAttention(math, pool);
        elementwise = new CpuElementwise(math, pool);
        rows = new CpuRows(math, pool);
        loss = new CpuLoss(math, pool);
        vision = new CpuVision(math, pool);
    }

    static int threads() {
        return Integer.getInteger("llava4j.threads", Runtime.getRuntime().availableProcessors());
    }

    @Override
    public String toString() {
        return "CPU kernels (" + math.name() + ")";
    }

    private static boolean floats(@Nullable INDArray... arrays) {
        return Matrix.allReadable(arrays);
    }

    private static boolean ints(@Nullable INDArray array) {
        return Matrix.isReadableInts(array);
    }

    private static int @Nullable [] intsOrNull(@Nullable INDArray array) {
        return array == null ? null : Matrix.ints(array);
    }

    private static boolean weights(INDArray... ws) {
        return Arrays.stream(ws).allMatch(w -> floats(w) || HalfMatrix.isReadable(w) || Int8Quantization.isReadable(w));
    }

    private LinearWeight weight(INDArray w) {
        if (Int8Quantization.isQuantized(w)) {
            return Int8LinearWeight.of(w, math);
        }
        return HalfMatrix.isHalfPrecision(w)
                ? new HalfLinearWeight(HalfMatrix.of(w), math)
                : new LinearWeight.Float32(of(w));
    }

    // ---- Linear

    @Override
    public void linear(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y) {
        if (floats(x, bias, residual, y) && weights(w)) {
            linear.forward(of(x), weight(w), orNull(bias), orNull(residual), of(y));
        } else {
            fallback.linear(x, w, bias, residual, y);
        }
    }

    @Override
    public void linears(INDArray x, INDArray[] ws, INDArray[] ys) {
        if (x.size(0) <= LinearWeight.SMALL_BATCH_ROWS && floats(x) && floats(ys) && weights(ws)) {
            linear.forwardSmallBatch(
                    of(x),
                    Arrays.stream(ws).map(this::weight).toList(),
                    Arrays.stream(ys).map(Matrix::of).toList());
        } else {
            Kernels.super.linears(x, ws, ys);
        }
    }

    @Override
    public void linearGradInput(INDArray[] dys, INDArray[] ws, INDArray dx) {
        if (floats(dx) && floats(dys) && weights(ws)) {
            linear.gradInput(
                    Arrays.stream(dys).map(Matrix::of).toList(),
                    Arrays.stream(ws).map(this::weight).toList(),
                    of(dx));
        } else {
            fallback.linearGradInput(dys, ws, dx);
        }
    }

    @Override
    public void linearGradWeight(INDArray dy, INDArray x, INDArray dw) {
        if (floats(dy, x, dw)) {
            linear.gradWeight(of(dy), of(x), of(dw));
        } else {
            fallback.linearGradWeight(dy, x, dw);
        }
    }

    @Override
    public void linearGradBias(INDArray dy, INDArray db) {
        if (floats(dy, db)) {
            linear.gradBias(of(dy), of(db));
        } else {
            fallback.linearGradBias(dy, db);
        }
    }

    // ---- Norms

    @Override
    public void rmsNorm(INDArray x, INDArray w, double eps, INDArray y) {
        if (floats(x, w, y)) {
            norms.rmsNorm(of(x), of(w), eps, of(y));
        } else {
            fallback.rmsNorm(x, w, eps, y);
        }
    }

    @Override
    public void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        if (floats(dy, x, w, dx)) {
            norms.rmsNormGradInput(of(dy), of(x), of(w), eps, of(dx));
        } else {
            fallback.rmsNormGradInput(dy, x, w, eps, dx);
        }
    }

    @Override
    public void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw) {
        if (floats(dy, x, dw)) {
            norms.rmsNormGradWeight(of(dy), of(x), eps, of(dw));
        } else {
            fallback.rmsNormGradWeight(dy, x, eps, dw);
        }
    }

    @Override
    public void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y) {
        if (floats(x, w, b, y)) {
            norms.layerNorm(of(x), of(w), of(b), eps, of(y));
        } else {
            fallback.layerNorm(x, w, b, eps, y);
        }
    }

    @Override
    public void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        if (floats(dy, x, w, dx)) {
            norms.layerNormGradInput(of(dy), of(x), of(w), eps, of(dx));
        } else {
            fallback.layerNormGradInput(dy, x, w, eps, dx);
        }
    }

    @Override
    public void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db) {
        if (floats(dy, x, dw, db)) {
            norms.layerNormGradParams(of(dy), of(x), eps, of(dw), of(db));
        } else {
            fallback.layerNormGradParams(dy, x, eps, dw, db);
        }
    }

    // ---- Rotary positions, attention

    @Override
    public void rope(
            INDArray x, INDArray positions, int headDim, double theta, double scale, boolean inverse, INDArray y) {
        if (floats(x, y) && ints(positions)) {
            rope.rope(of(x), Matrix.ints(positions), headDim, theta, scale, inverse, of(y));
        } else {
            fallback.rope(x, positions, headDim, theta, scale, inverse, y);
        }
    }

    @Override
    public void attention(
            INDArray q, INDArray k, INDArray v, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        if (floats(q, k, v, y) && ints(starts)) {
            attention.forward(of(q), of(k), of(v), intsOrNull(starts), shape, of(y));
        } else {
            fallback.attention(q, k, v, starts, shape, y);
        }
    }

    @Override
    public void appendToCache(INDArray k, INDArray v, int from, int count, LayerKvCache cache) {
        if (floats(k, v, cache.keys(), cache.values())) {
            decodeAttention.appendToCache(of(k), of(v), from, count, cache);
        } else {
            fallback.appendToCache(k, v, from, count, cache);
        }
    }

    @Override
    public void decodeAttention(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y) {
        if (floats(q, k, v, y) && caches.stream().allMatch(c -> floats(c.keys(), c.values()))) {
            decodeAttention.decode(of(q), of(k), of(v), caches, shape, of(y));
        } else {
            fallback.decodeAttention(q, k, v, caches, shape, y);
        }
    }

    @Override
    public void attentionGrad(
            INDArray dy,
            INDArray q,
            INDArray k,
            INDArray v,
            @Nullable INDArray starts,
            AttentionShape shape,
            INDArray dq,
            INDArray dk,
            INDArray dv) {
        if (floats(dy, q, k, v, dq, dk, dv) && ints(starts)) {
            attention.gradient(of(dy), of(q), of(k), of(v), intsOrNull(starts), shape, of(dq), of(dk), of(dv));
        } else {
            fallback.attentionGrad(dy, q, k, v, starts, shape, dq, dk, dv);
        }
    }

    // ---- Element-wise

    @Override
    public void swiGlu(INDArray gate, INDArray up, INDArray y) {
        if (floats(gate, up, y)) {
            elementwise.swiGlu(of(gate), of(up), of(y));
        } else {
            fallback.swiGlu(gate, up, y);
        }
    }

    @Override
    public void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp) {
        if (floats(dy, gate, up, dGate, dUp)) {
            elementwise.swiGluGrad(of(dy), of(gate), of(up), of(dGate), of(dUp));
        } else {
            fallback.swiGluGrad(dy, gate, up, dGate, dUp);
        }
    }

    @Override
    public void activation(Activation f, INDArray x, INDArray y) {
        if (floats(x, y)) {
            elementwise.activation(f, of(x), of(y));
        } else {
            fallback.activation(f, x, y);
        }
    }

    @Override
    public void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx) {
        if (floats(dy, x, dx)) {
            elementwise.activationGrad(f, of(dy), of(x), of(dx));
        } else {
            fallback.activationGrad(f, dy, x, dx);
        }
    }

    @Override
    public void copy(INDArray x, INDArray y) {
        if (floats(x, y)) {
            elementwise.copy(of(x), of(y));
        } else {
            fallback.copy(x, y);
        }
    }

    @Override
    public void add(INDArray a, INDArray b, INDArray y) {
        if (floats(a, b, y)) {
            elementwise.add(of(a), of(b), of(y));
        } else {
            fallback.add(a, b, y);
        }
    }

    @Override
    public double sumOfSquares(INDArray x) {
        return floats(x) ? elementwise.sumOfSquares(of(x)) : fallback.sumOfSquares(x);
    }

    @Override
    public void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step) {
        if (floats(w, g, m, v)) {
            elementwise.adamW(of(w), of(g), of(m), of(v), step);
        } else {
            fallback.adamW(w, g, m, v, step);
        }
    }

    @Override
    public void scale(INDArray x, double factor, INDArray y) {
        if (floats(x, y)) {
            elementwise.scale(of(x), (float) factor, of(y));
        } else {
            fallback.scale(x, factor, y);
        }
    }

    @Override
    public void dropout(INDArray x, DropoutMask mask, INDArray y) {
        if (floats(x, y)) {
            elementwise.dropout(of(x), mask, of(y));
        } else {
            fallback.dropout(x, mask, y);
        }
    }

    // ---- Rows

    @Override
    public void embedding(INDArray ids, INDArray table, INDArray y) {
        if (floats(table, y) && ints(ids)) {
            rows.gather("token id", of(table), Matrix.ints(ids), of(y));
        } else if (HalfMatrix.isReadable(table) && floats(y) && ints(ids)) {
            rows.gather("token id", HalfMatrix.of(table), Matrix.ints(ids), of(y));
        } else {
            fallback.embedding(ids, table, y);
        }
    }

    @Override
    public void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable) {
        if (floats(dy, dTable) && ints(ids)) {
            rows.gatherGrad("token id", of(dy), Matrix.ints(ids), of(dTable));
        } else {
            fallback.embeddingGrad(dy, ids, dTable);
        }
    }

    @Override
    public void replaceRows(INDArray text, INDArray images, INDArray imageRows, INDArray y) {
        if (floats(text, images, y) && ints(imageRows)) {
            rows.replaceRows(of(text), of(images), Matrix.ints(imageRows), of(y));
        } else {
            fallback.replaceRows(text, images, imageRows, y);
        }
    }

    @Override
    public void replaceRowsGradBase(INDArray dy, INDArray imageRows, INDArray dText) {
        if (floats(dy, dText) && ints(imageRows)) {
            rows.replaceRowsGradBase(of(dy), Matrix.ints(imageRows), of(dText));
        } else {
            fallback.replaceRowsGradBase(dy, imageRows, dText);
        }
    }

    @Override
    public void replaceRowsGradReplacement(INDArray dy, INDArray imageRows, INDArray dImages) {
        if (floats(dy, dImages) && ints(imageRows)) {
            rows.replaceRowsGradReplacement(of(dy), Matrix.ints(imageRows), of(dImages));
        } else {
            fallback.replaceRowsGradReplacement(dy, imageRows, dImages);
        }
    }

    @Override
    public void gatherRows(INDArray x, INDArray taken, INDArray y) {
        if (floats(x, y) && ints(taken)) {
            rows.gather("row", of(x), Matrix.ints(taken), of(y));
        } else {
            fallback.gatherRows(x, taken, y);
        }
    }

    @Override
    public void gatherRowsGrad(INDArray dy, INDArray taken, INDArray dx) {
        if (floats(dy, dx) && ints(taken)) {
            rows.gatherGrad("row", of(dy), Matrix.ints(taken), of(dx));
        } else {
            fallback.gatherRowsGrad(dy, taken, dx);
        }
    }

    // ---- Loss

    @Override
    public void crossEntropy(INDArray logits, INDArray targets, INDArray lossValue) {
        if (floats(logits, lossValue) && ints(targets)) {
            loss.crossEntropy(of(logits), Matrix.ints(targets), of(lossValue));
        } else {
            fallback.crossEntropy(logits, targets, lossValue);
        }
    }

    @Override
    public void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits) {
        if (floats(dLoss, logits, dLogits) && ints(targets)) {
            loss.crossEntropyGrad(of(dLoss), of(logits), Matrix.ints(targets), of(dLogits));
        } else {
            fallback.crossEntropyGrad(dLoss, logits, targets, dLogits);
        }
    }

    // ---- Vision

    @Override
    public void extractPatches(INDArray pixels, int patchSize, INDArray y) {
        if (floats(pixels, y)) {
            vision.extractPatches(pixels, patchSize, of(y));
        } else {
            fallback.extractPatches(pixels, patchSize, y);
        }
    }

    @Override
    public void classAndPositionEmbeddings(INDArray patches, INDArray classVector, INDArray positions, INDArray y) {
        if (floats(patches, classVector, positions, y)) {
            vision.classAndPositionEmbeddings(of(patches), of(classVector), of(positions), of(y));
        } else {
            fallback.classAndPositionEmbeddings(patches, classVector, positions, y);
        }
    }

    @Override
    public void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions) {
        if (floats(dy, dClass, dPositions)) {
            vision.classAndPositionEmbeddingsGrad(of(dy), of(dClass), of(dPositions));
        } else {
            fallback.classAndPositionEmbeddingsGrad(dy, dClass, dPositions);
        }
    }

    @Override
    public void dropFirstRows(INDArray x, int group, INDArray y) {
        if (floats(x, y)) {
            vision.dropFirstRows(of(x), group, of(y));
        } else {
            fallback.dropFirstRows(x, group, y);
        }
    }

    @Override
    public void dropFirstRowsGrad(INDArray dy, int group, INDArray dx) {
        if (floats(dy, dx)) {
            vision.dropFirstRowsGrad(of(dy), group, of(dx));
        } else {
            fallback.dropFirstRowsGrad(dy, group, dx);
        }
    }
}
