package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Mean cross-entropy loss over the target tokens: {@code logits[M, V]}, {@code targets int32[M]} to {@code loss[1]}.
 */
public final class CrossEntropy extends IndexedOp {

    /** Adds the operation to the graph of {@code logits} and returns the loss. */
    public static SDVariable of(String name, SDVariable logits, SDVariable targets) {
        return new CrossEntropy().apply(name, logits, targets)[0];
    }

    @Override
    InputGradient gradient() {
        return new Grad();
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {{1}};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.loss().crossEntropy(in.get(0), in.get(1), out.get(0));
    }

    /** Gradient: dLogits[M, V] from (dLoss, logits, targets). */
    public static final class Grad extends InputGradient {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.loss().crossEntropyGrad(in.get(0), in.get(1), in.get(2), out.get(0));
        }
    }
}
