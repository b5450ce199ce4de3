package org.llava4j.model.kernels;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arithmetic of the graph's operations, each forward and backward. The operations (package {@code ops}) know
 * shapes and gradients; what computes is here, behind one interface: {@link Nd4jKernels} in ND4J calls, portable to
 * every backend and the oracle, and {@link CpuKernels} on OpenBLAS and the Vector API.
 *
 * <p>Every method reads its inputs and fills outputs that the caller allocated: their old contents are unspecified
 * (memory is pooled), they never alias an input, and all arrays are dense and row-major ('c') with a positive
 * offset allowed. Activations are rank 2, {@code float32[R, D]} with one row a position. Legend: R rows, D model width,
 * K input width, N output width, H heads, G key/value heads, d head width, B sequences, T positions of a sequence,
 * M supervised rows, V vocabulary.
 */
public interface Kernels {

    // ---- Linear: y = x W^T (+ bias) (+ residual). W has Hugging Face's layout [N, K] or [N, ...] with product K. It
    // may
    // be kept in 16 bits (BFLOAT16, HALF) wherever it is read: the result is that of float32 on the rounded weight.

    /** y[R, N] = x[R, K] w[N, K]^T + bias[N] + residual[R, N]; bias and residual may be null. */
    void linear(INDArray x, INDArray w, INDArray bias, INDArray residual, INDArray y);

    /** ys[i][R, Ni] = x[R, K] ws[i][Ni, K]^T: several projections of one input. */
    default void linears(INDArray x, INDArray[] ws, INDArray[] ys) {
        for (int i = 0; i < ws.length; i++) {
            linear(x, ws[i], null, null, ys[i]);
        }
    }

    /** dx[R, K] = sum over i of dys[i][R, Ni] ws[i][Ni, K]: several projections of one input, in one sum. */
    void linearGradInput(INDArray[] dys, INDArray[] ws, INDArray dx);

    /** dw[N, K] = dy[R, N]^T x[R, K]. */
    void linearGradWeight(INDArray dy, INDArray x, INDArray dw);

    /** db[N] = column sums of dy[R, N]. */
    void linearGradBias(INDArray dy, INDArray db);

    // ---- Norms

    /** y = x / sqrt(mean(x^2) + eps) * w, row by row; x, y: [R, D], w: [D]. */
    void rmsNorm(INDArray x, INDArray w, double eps, INDArray y);

    void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx);

    void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw);

    /** y = (x - mean) / sqrt(var + eps) * w + b, row by row (var with 1/D). */
    void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y);

    void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx);

    /** dw and db, both [D]. */
    void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db);

    // ---- Rotary positions (half-split rotation, as Hugging Face)

    /**
     * Rotates each head of x[R, H*d] by its row's position: angle = positions[r] / scale * theta^(-2i/d), pairs
     * (i, i + d/2). With {@code inverse} the angle is negated, which is also the gradient.
     */
    void rope(INDArray x, INDArray positions, int headDim, double theta, double scale, boolean inverse, INDArray y);

    // ---- Attention

    /**
     * Softmax(q k^T / sqrt(d)) v for each sequence and head. q, y: [B*T, H*d]; k, v: [B*T, G*d]; head h reads
     * key/value head h / (H/G). Where {@code starts} (int32[B]) is given, positions before a sequence's start are
     * padding: nobody attends to them and their own output rows are 0.
     *
     * @param starts int32[B] or null
     */
    void attention(INDArray q, INDArray k, INDArray v, INDArray starts, AttentionShape shape, INDArray y);

    /** Gradients to q, k and v; the probabilities are recomputed, not kept. */
    void attentionGrad(
            INDArray dy,
            INDArray q,
            INDArray k,
            INDArray v,
            INDArray starts,
            AttentionShape shape,
            INDArray dq,
            INDArray dk,
            INDArray dv);

    /** Puts rows [from, from + count) of k and v, [R, G*d], behind what a cache has; what is behind its end is lost. */
    void appendToCache(INDArray k, INDArray v, int from, int count, LayerKvCache cache);

    /**
     * One more position of several sequences whose keys and values are kept: row r of k and v is put behind those of
     * cache r, and row r of q sees them all, its own among them. q, y: [R, H*d]; k, v: [R, G*d].
     *
     * @param shape R sequences of one position; causality and length say nothing here
     */
    void decodeAttention(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y);

    /**
     * Keys and values of one sequence in one layer, {@code float32[G, capacity, d]} each: a head's own lie together, as
     * it reads them.
     *
     * @param length how many positions are there
     */
    record LayerKvCache(INDArray keys, INDArray values, int length) {}

    /**
     * How rows are cut into sequences and heads.
     *
     * @param sequences B
     * @param length T
     * @param heads H
     * @param kvHeads G, a divisor of H
     * @param headDim d
     * @param causal whether position t sees only positions up to t
     */
    record AttentionShape(int sequences, int length, int heads, int kvHeads, int headDim, boolean causal) {}

    // ---- Element-wise

    /** y = silu(gate) * up; silu(x) = x * sigmoid(x). */
    void swiGlu(INDArray gate, INDArray up, INDArray y);

    void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp);

    /** y = f(x), element by element. */
    void activation(Activation f, INDArray x, INDArray y);

    void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx);

    /** CLIP's quick_gelu x*sigmoid(1.702x), and the exact x/2*(1+erf(x/sqrt 2)) of the two-layer projector. */
    enum Activation {
        QUICK_GELU,
        GELU
    }

    // ---- Rows

    /** y[r] = table[ids[r]]; ids: int32 of any shape with R entries, table: [V, D], in 16 bits too, y: [R, D]. */
    void embedding(INDArray ids, INDArray table, INDArray y);

    /** dTable[V, D]: dy's rows summed by id, the rest 0. */
    void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable);

    /** y = text, with row rows[i] replaced by images[i]; rows: int32[I], -1 = this vector goes nowhere. */
    void replaceRows(INDArray text, INDArray images, INDArray rows, INDArray y);

    /** dText = dy with the replaced rows set to 0. */
    void replaceRowsGradBase(INDArray dy, INDArray rows, INDArray dText);

    /** dImages[i] = dy[rows[i]], 0 where rows[i] is -1. */
    void replaceRowsGradReplacement(INDArray dy, INDArray rows, INDArray dImages);

    /** y[i] = x[rows[i]]; rows: int32[M], all valid. */
    void gatherRows(INDArray x, INDArray rows, INDArray y);

    /** dx[R, D]: dy's rows put (added) at rows[i], the rest 0. */
    void gatherRowsGrad(INDArray dy, INDArray rows, INDArray dx);

    // ---- Loss

    /** loss[1] = mean over m of logsumexp(logits[m]) - logits[m, targets[m]]; logits: [M, V], targets: int32[M]. */
    void crossEntropy(INDArray logits, INDArray targets, INDArray loss);

    /** dLogits = dLoss[0] / M * (softmax(logits) - onehot(targets)). */
    void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits);

    // ---- Vision

    /**
     * Cuts pixels[N, C, S, S] into rows of y[N*P, C*p*p], patches row by row, each laid out channel, y, x: a
     * convolution with stride p is then a Linear with the kernel's own layout.
     */
    void extractPatches(INDArray pixels, int patchSize, INDArray y);

    /** y[N*(P+1), D]: each image's class vector, then its P patch rows, plus the P+1 position vectors. */
    void classAndPositionEmbeddings(INDArray patches, INDArray classVector, INDArray positions, INDArray y);

    /** dClass[D] and dPositions[P+1, D] from dy[N*(P+1), D]. */
    void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions);

    /** y = x without the first row of every group of {@code group} rows. */
    void dropFirstRows(INDArray x, int group, INDArray y);

    /** dx: dy's rows back in their places, 0 in the first row of every group (group counts that row). */
    void dropFirstRowsGrad(INDArray dy, int group, INDArray dx);

    // ---- Scaling

    /** y = factor * x. */
    void scale(INDArray x, double factor, INDArray y);

    /** y = x where the mask keeps an element, grown as it says, else 0. Elements are counted row by row. */
    void dropout(INDArray x, DropoutMask mask, INDArray y);

    // ---- Sums of gradients

    /** y = x. */
    void copy(INDArray x, INDArray y);

    /** y = a + b, all of one shape. */
    void add(INDArray a, INDArray b, INDArray y);

    // ---- Optimiser

    /** The sum of the squares of all elements, added up in double. */
    double sumOfSquares(INDArray x);

    /**
     * One AdamW step in PyTorch's arithmetic (Loshchilov and Hutter 2019), in place on w, m and v, all of one shape:
     * g' = g * gradScale; w *= 1 - rate * decay; m += (1 - beta1)(g' - m); v = beta2 v + (1 - beta2) g'^2;
     * w -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
     */
    void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step);

    /**
     * @param step t, counted from 1
     * @param gradScale what the gradient is multiplied by (clipping)
     */
    record AdamWStep(
            int step, double rate, double beta1, double beta2, double eps, double weightDecay, double gradScale) {}
}
