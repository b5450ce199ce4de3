package org.llava4j.model.kernels;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Kernels of linear layers, y = x W^T (+ bias) (+ residual). W has Hugging Face's layout [N, K], or [N, ...] with product
 * K. A W that is only read may be stored in low precision (BFLOAT16, HALF or a {@link QuantizedFormat}): the result is
 * that of float32 on the rounded weight. A product with a {@link QuantizedFormat#Q4} weight rounds x ({@link
 * RoundedActivations}), except in {@link #withoutRounding}.
 */
public interface LinearKernels {
    /** y[R, N] = x[R, K] w[N, K]^T + bias[N] + residual[R, N]; bias and residual may be null. */
    void forward(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y);

    /** ys[i][R, Ni] = x[R, K] ws[i][Ni, K]^T: several projections of one input. */
    default void forwardEach(INDArray x, INDArray[] ws, INDArray[] ys) {
        for (int i = 0; i < ws.length; i++) {
            forward(x, ws[i], null, null, ys[i]);
        }
    }

    /** dx[R, K] = sum over i of dys[i][R, Ni] ws[i][Ni, K]: the input gradient of several projections of one input. */
    void gradInput(INDArray[] dys, INDArray[] ws, INDArray dx);

    /** dw[N, K] = dy[R, N]^T x[R, K]. */
    void gradWeight(INDArray dy, INDArray x, INDArray dw);

    /** db[N] = column sums of dy[R, N]. */
    void gradBias(INDArray dy, INDArray db);

    /** Kernels that never round x, so that gradients are those of the forward pass. Slower for a few rows of x. */
    default LinearKernels withoutRounding() {
        return this;
    }
}
