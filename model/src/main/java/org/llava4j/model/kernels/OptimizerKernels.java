package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of the optimizer step, in place on weights. */
public interface OptimizerKernels {
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
