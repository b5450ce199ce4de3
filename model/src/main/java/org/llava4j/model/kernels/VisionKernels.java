package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of the CLIP vision tower. N is the number of images. */
public interface VisionKernels {
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
}
