package org.llava4j.model.kernels;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of attention over whole sequences. */
public interface AttentionKernels {
    /**
     * Queries, keys and values of all heads, or their gradients. q: [B*T, H*d]; k, v: [B*T, G*d].
     */
    record QueryKeyValue(INDArray q, INDArray k, INDArray v) {}

    /**
     * Scaled dot-product attention y = softmax(q k^T / sqrt(d)) v for each sequence and head; y: [B*T, H*d]. Query head
     * h reads key/value head h / (H/G) (grouped-query attention). Positions before a sequence's start are left padding:
     * they are masked as keys, and their output rows are 0.
     *
     * @param starts first position of each sequence, int32[B]; null if there is no padding. Of a packed batch int32[S, 2]:
     *     the first row of each of its S sequences and the row after its last; other rows are padding.
     */
    void forward(QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, INDArray y);

    /** Gradients of {@link #forward} with respect to {@code in}. The probabilities are recomputed, not stored. */
    void gradient(
            INDArray dy, QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, QueryKeyValue gradients);
}
