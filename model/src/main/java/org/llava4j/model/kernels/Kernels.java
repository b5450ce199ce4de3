package org.llava4j.model.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compute kernels of the graph's operations, forward and backward. The operations in {@code org.llava4j.model.ops}
 * define shapes and gradients; this interface computes them. {@link Nd4jKernels} is the reference implementation in
 * ND4J calls and runs on every backend. {@link CpuKernels} is the fast implementation on OpenBLAS and the Vector API.
 *
 * <p>Every method reads its inputs and overwrites outputs that the caller has allocated. The old contents of outputs
 * are unspecified, because memory is pooled. Outputs never alias inputs. All arrays are dense and row-major ('c'); a
 * positive offset is allowed. Activations have rank 2, {@code float32[R, D]}, with one row per token. Gradients are
 * named after their variable: {@code dx} is the gradient of the loss with respect to {@code x}.
 *
 * <p>Dimension letters: R rows, D model width, K input width, N output width, H heads, G key/value heads, d head width,
 * B sequences, T positions of a sequence, M target tokens, V vocabulary, C channels, S image side, P patches of an
 * image, p patch side. In vision kernels N is the number of images.
 */
public interface Kernels {

    // ---- Linear: y = x W^T (+ bias) (+ residual). W has Hugging Face's layout [N, K], or [N, ...] with product K. A W
    // that is only read may be stored in low precision (BFLOAT16, HALF or int8): the result is that of float32 on the
    // rounded weight.

    /** y[R, N] = x[R, K] w[N, K]^T + bias[N] + residual[R, N]; bias and residual may be null. */
    void linear(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y);

    /** ys[i][R, Ni] = x[R, K] ws[i][Ni, K]^T: several projections of one input. */
    default void linears(INDArray x, INDArray[] ws, INDArray[] ys) {
        for (int i = 0; i < ws.length; i++) {
            linear(x, ws[i], null, null, ys[i]);
        }
    }

    /** dx[R, K] = sum over i of dys[i][R, Ni] ws[i][Ni, K]: the input gradient of several projections of one input. */
    void linearGradInput(INDArray[] dys, INDArray[] ws, INDArray dx);

    /** dw[N, K] = dy[R, N]^T x[R, K]. */
    void linearGradWeight(INDArray dy, INDArray x, INDArray dw);

    /** db[N] = column sums of dy[R, N]. */
    void linearGradBias(INDArray dy, INDArray db);

    // ---- Norms

    /** y = x / sqrt(mean(x^2) + eps) * w, row by row; x, y: [R, D], w: [D]. */
    void rmsNorm(INDArray x, INDArray w, double eps, INDArray y);

    /** Input gradient of {@link #rmsNorm}, dx[R, D]. */
    void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx);

    /** Weight gradient of {@link #rmsNorm}, dw[D]. */
    void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw);

    /** y = (x - mean) / sqrt(var + eps) * w + b, row by row (var with 1/D). */
    void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y);

    /** Input gradient of {@link #layerNorm}, dx[R, D]. */
    void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx);

    /** Weight and bias gradients of {@link #layerNorm}, dw[D] and db[D]. */
    void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db);

    // ---- Rotary position embedding (half-split rotation, as in Hugging Face)

    /**
     * Rotates each head of x[R, H*d] by the position of its row: angle = positions[r] / scale * theta^(-2i/d) for the
     * pair (i, i + d/2). With {@code inverse} the angle is negated; this is also the gradient.
     */
    void rope(INDArray x, INDArray positions, int headDim, double theta, double scale, boolean inverse, INDArray y);

    // ---- Attention

    /**
     * Scaled dot-product attention softmax(q k^T / sqrt(d)) v for each sequence and head. q, y: [B*T, H*d]; k, v: [B*T,
     * G*d]. Query head h reads key/value head h / (H/G) (grouped-query attention). Positions before a sequence's start
     * are left padding: they are masked as keys, and their output rows are 0.
     *
     * @param starts first position of each sequence, int32[B]; null if there is no padding
     */
    void attention(INDArray q, INDArray k, INDArray v, @Nullable INDArray starts, AttentionShape shape, INDArray y);

    /** Gradients of {@link #attention} with respect to q, k and v. The probabilities are recomputed, not stored. */
    void attentionGrad(
            INDArray dy,
            INDArray q,
            INDArray k,
            INDArray v,
            @Nullable INDArray starts,
            AttentionShape shape,
            INDArray dq,
            INDArray dk,
            INDArray dv);

    /**
     * Appends rows [from, from + count) of k and v, both [R, G*d], to a KV cache at position {@code cache.length()}.
     * Cache entries after that position are overwritten.
     */
    void appendToCache(INDArray k, INDArray v, int from, int count, LayerKvCache cache);

    /**
     * Attention of one decode step: one new token for each of R sequences. Appends row r of k and v to cache r, then
     * lets row r of q attend to the whole cache. q, y: [R, H*d]; k, v: [R, G*d].
     *
     * @param caches one per row
     * @param shape R sequences of length 1; its {@code length} and {@code causal} are ignored
     */
    void decodeAttention(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y);

    /**
     * KV cache of one sequence in one decoder layer, {@code float32[G, capacity, d]} for keys and for values. The keys
     * of one head are contiguous, in the order in which attention reads them.
     *
     * @param length number of cached positions
     */
    record LayerKvCache(INDArray keys, INDArray values, int length) {}

    /**
     * Shape of an attention call: how rows divide into sequences and heads.
     *
     * @param sequences B
     * @param length T
     * @param heads H
     * @param kvHeads G, a divisor of H
     * @param headDim d
     * @param causal whether position t attends only to positions up to t
     */
    record AttentionShape(int sequences, int length, int heads, int kvHeads, int headDim, boolean causal) {}

    // ---- Element-wise

    /** y = silu(gate) * up; silu(x) = x * sigmoid(x). */
    void swiGlu(INDArray gate, INDArray up, INDArray y);

    /** Gradients of {@link #swiGlu} with respect to gate and up. */
    void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp);

    /** y = f(x), element-wise. */
    void activation(Activation f, INDArray x, INDArray y);

    /** Gradient of {@link #activation}: dx = dy f'(x). */
    void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx);

    /** Activation functions. */
    enum Activation {
        /** CLIP's quick_gelu: x * sigmoid(1.702 x). */
        QUICK_GELU,
        /** The exact GELU of the two-layer projector: x/2 * (1 + erf(x / sqrt(2))). */
        GELU
    }

    // ---- Rows

    /**
     * Embedding lookup: y[r] = table[ids[r]]; ids: int32 of any shape with R entries, table: [V, D] in float32 or 16
     * bits, y: [R, D].
     */
    void embedding(INDArray ids, INDArray table, INDArray y);

    /** Gradient of {@link #embedding}: dTable[V, D] has the rows of dy summed by id, and 0 elsewhere. */
    void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable);

    /**
     * y = base, with row rows[i] replaced by replacement[i]. This merges image features into token embeddings.
     *
     * @param rows int32, one entry per row of {@code replacement}; -1 drops that row
     */
    void replaceRows(INDArray base, INDArray replacement, INDArray rows, INDArray y);

    /** Gradient of {@link #replaceRows} with respect to base: dBase = dy with the replaced rows set to 0. */
    void replaceRowsGradBase(INDArray dy, INDArray rows, INDArray dBase);

    /**
     * Gradient of {@link #replaceRows} with respect to replacement: dReplacement[i] = dy[rows[i]], or 0 if rows[i] is
     * -1.
     */
    void replaceRowsGradReplacement(INDArray dy, INDArray rows, INDArray dReplacement);

    /** y[i] = x[rows[i]]; rows: int32[M], all within x. */
    void gatherRows(INDArray x, INDArray rows, INDArray y);

    /** Gradient of {@link #gatherRows}: dx[R, D] has row i of dy added to row rows[i], and 0 elsewhere. */
    void gatherRowsGrad(INDArray dy, INDArray rows, INDArray dx);

    // ---- Loss

    /**
     * Mean cross-entropy: loss[1] = mean over m of logsumexp(logits[m]) - logits[m, targets[m]]; logits: [M, V],
     * targets: int32[M].
     */
    void crossEntropy(INDArray logits, INDArray targets, INDArray loss);

    /** Gradient of {@link #crossEntropy}: dLogits = dLoss[0] / M * (softmax(logits) - onehot(targets)). */
    void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits);

    // ---- Vision

    /**
     * Extracts patches: cuts pixels[N, C, S, S] into rows of y[N*P, C*p*p], patches in row-major order, each laid out
     * channel, y, x. A convolution with stride p is then a linear layer with the layout of the convolution kernel.
     */
    void extractPatches(INDArray pixels, int patchSize, INDArray y);

    /**
     * CLIP's input embeddings y[N*(P+1), D]: for each image the class embedding, then its P patch rows, plus the P+1
     * position embeddings.
     */
    void classAndPositionEmbeddings(INDArray patches, INDArray classEmbedding, INDArray positions, INDArray y);

    /** Gradients of {@link #classAndPositionEmbeddings}: dClass[D] and dPositions[P+1, D] from dy[N*(P+1), D]. */
    void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions);

    /** y = x without the first row of every group of {@code group} rows: drops the class token. */
    void dropFirstRows(INDArray x, int group, INDArray y);

    /**
     * Gradient of {@link #dropFirstRows}: the rows of dy, with a row of 0 before each group.
     *
     * @param group rows of a group, including the dropped one
     */
    void dropFirstRowsGrad(INDArray dy, int group, INDArray dx);

    // ---- Scaling

    /** y = factor * x. */
    void scale(INDArray x, double factor, INDArray y);

    /** Dropout: y = x * mask. Elements are counted in row-major order. */
    void dropout(INDArray x, DropoutMask mask, INDArray y);

    // ---- Gradient accumulation

    /** y = x. */
    void copy(INDArray x, INDArray y);

    /** y = a + b, all of one shape. */
    void add(INDArray a, INDArray b, INDArray y);

    // ---- Optimizer

    /** Returns the sum of the squares of all elements, accumulated in double. */
    double sumOfSquares(INDArray x);

    /**
     * One AdamW step in PyTorch's arithmetic (Loshchilov and Hutter 2019), in place on w, m and v, all of one shape: g'
     * = g * gradScale; w *= 1 - rate * decay; m += (1 - beta1)(g' - m); v = beta2 v + (1 - beta2) g'^2; w -= rate / (1
     * - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
     */
    void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step);

    /**
     * Hyperparameters of one AdamW step.
     *
     * @param step t, counted from 1
     * @param rate learning rate
     * @param gradScale factor on the gradient, from gradient clipping
     */
    record AdamWStep(
            int step, double rate, double beta1, double beta2, double eps, double weightDecay, double gradScale) {}
}
