package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of sums, copies and scaling, element by element. */
public interface ElementwiseKernels {
    /** y = x. */
    void copy(INDArray x, INDArray y);

    /** y = a + b, all of one shape. */
    void add(INDArray a, INDArray b, INDArray y);

    /** y = factor * x. */
    void scale(INDArray x, double factor, INDArray y);

    /** Dropout: y = x * mask. Elements are counted in row-major order. */
    void dropout(INDArray x, DropoutMask mask, INDArray y);
}
