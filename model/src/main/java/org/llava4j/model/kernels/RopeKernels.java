package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernel of the rotary position embedding (half-split rotation, as in Hugging Face). */
public interface RopeKernels {
    /**
     * Rotates each head of x[R, H*d] by the position of its row: angle = positions[r] / scale * theta^(-2i/d) for the
     * pair (i, i + d/2). With {@code inverse} the angle is negated; this is also the gradient.
     *
     * @param order in which x has the dimensions of a head, and with {@code inverse} y
     */
    void rotate(
            INDArray x,
            INDArray positions,
            int headDim,
            double theta,
            double scale,
            boolean inverse,
            RotaryOrder order,
            INDArray y);
}
