package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of the cross-entropy loss. */
public interface LossKernels {
    /**
     * Mean cross-entropy: loss[1] = mean over m of logsumexp(logits[m]) - logits[m, targets[m]]; logits: [M, V],
     * targets: int32[M].
     */
    void crossEntropy(INDArray logits, INDArray targets, INDArray loss);

    /** Gradient of {@link #crossEntropy}: dLogits = dLoss[0] / M * (softmax(logits) - onehot(targets)). */
    void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits);
}
