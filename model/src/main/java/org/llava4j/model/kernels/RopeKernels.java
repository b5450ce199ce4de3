package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernel of the rotary position embedding (half-split rotation, as in Hugging Face). */
public interface RopeKernels {
    /**
     * Parameters of a rotation.
     *
     * @param headDim d
     * @param order in which x has the dimensions of a head, and with {@code inverse} y; the other one has {@link
     *     RotaryOrder#HALVES}
     * @param theta base of the frequencies
     * @param scale divisor of the positions
     * @param inverse whether the angle is negated; this is also the gradient
     */
    record Rotation(int headDim, RotaryOrder order, double theta, double scale, boolean inverse) {}

    /**
     * Rotates each head of x[R, H*d] by the position of its row: angle = positions[r] / scale * theta^(-2i/d) for the
     * pair (i, i + d/2) of {@link RotaryOrder#HALVES}.
     */
    void rotate(INDArray x, INDArray positions, Rotation rotation, INDArray y);
}
