package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels that move rows: embedding lookup, row replacement and gather. */
public interface RowKernels {
    /**
     * Embedding lookup: y[r] = table[ids[r]]; ids: int32 of any shape with R entries, table: [V, D] in float32 or low
     * precision, y: [R, D].
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
}
