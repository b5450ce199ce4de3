package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of RMSNorm and LayerNorm. */
public interface NormKernels {
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
}
