package org.llava4j.model.kernels;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reference kernels of linear layers. */
final class Nd4jLinear implements LinearKernels {
    private final boolean rounding;

    Nd4jLinear() {
        this(true);
    }

    private Nd4jLinear(boolean rounding) {
        this.rounding = rounding;
    }

    @Override
    public LinearKernels withoutRounding() {
        return new Nd4jLinear(false);
    }

    @Override
    public void forward(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y) {
        if (Nd4jLowPrecision.isLowPrecision(w)) {
            Nd4jLowPrecision.gemmTransposedB(rounding ? rounded(x, w) : x, matrix(w), y);
        } else {
            Nd4j.gemm(x, matrix(w), y, false, true, 1.0, 0.0);
        }
        if (bias != null) {
            y.addiRowVector(bias);
        }
        if (residual != null) {
            y.addi(residual);
        }
    }

    @Override
    public void gradInput(INDArray[] dys, INDArray[] ws, INDArray dx) {
        for (int i = 0; i < dys.length; i++) {
            double beta = i == 0 ? 0.0 : 1.0;
            if (Nd4jLowPrecision.isLowPrecision(ws[i])) {
                Nd4jLowPrecision.gemm(dys[i], matrix(ws[i]), beta, dx);
            } else {
                Nd4j.gemm(dys[i], matrix(ws[i]), dx, false, false, 1.0, beta);
            }
        }
    }

    @Override
    public void gradWeight(INDArray dy, INDArray x, INDArray dw) {
        Nd4j.gemm(dy, x, matrix(dw), true, false, 1.0, 0.0);
    }

    @Override
    public void gradBias(INDArray dy, INDArray db) {
        db.assign(dy.sum(0));
    }

    private static INDArray rounded(INDArray x, INDArray w) {
        boolean rounds = QuantizedFormat.isQuantized(w) && QuantizedFormat.of(w) == QuantizedFormat.Q4;
        return rounds ? RoundedActivations.round(x) : x;
    }

    private static INDArray matrix(INDArray w) {
        return w.rank() == 2 || BlockFormat.isBlocks(w) ? w : w.reshape('c', w.size(0), w.length() / w.size(0));
    }
}
