package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * RMSNorm {@code y = x / sqrt(mean(x^2) + eps) * w} over rows of {@code x[R, D]} (Zhang and Sennrich 2019), the norm of
 * LLaMA.
 */
public final class RmsNorm extends GraphOp {

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(String name, SDVariable x, SDVariable w, double eps) {
        return new RmsNorm().doubles(eps).apply(name, x, w)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.norms().rmsNorm(in.get(0), in.get(1), doubleArg(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        return listOf(
                new GradInput().argumentsOf(this).apply(dy, arg(0), arg(1))[0],
                new GradWeight().argumentsOf(this).apply(dy, arg(0))[0]);
    }

    /** Gradient: dx from (dy, x, w). */
    public static final class GradInput extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.norms().rmsNormGradInput(in.get(0), in.get(1), in.get(2), doubleArg(0), out.get(0));
        }
    }

    /** Gradient: dw[D] from (dy, x). */
    public static final class GradWeight extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {{in.get(0).size(1)}};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.norms().rmsNormGradWeight(in.get(0), in.get(1), doubleArg(0), out.get(0));
        }
    }
}
