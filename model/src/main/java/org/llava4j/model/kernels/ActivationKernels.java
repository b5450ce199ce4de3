package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of activation functions, element by element. */
public interface ActivationKernels {
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
}
