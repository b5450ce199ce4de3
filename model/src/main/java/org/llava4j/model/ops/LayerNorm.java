package org.llava4j.model.ops;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LayerNorm {@code y = (x - mean) / sqrt(var + eps) * w + b} over rows of {@code x[R, D]} (Ba et al. 2016), the norm of
 * CLIP.
 */
public final class LayerNorm extends GraphOp {

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(String name, SDVariable x, SDVariable w, SDVariable b, double eps) {
        return new LayerNorm().doubles(eps).apply(name, x, w, b)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.norms().layerNorm(in.get(0), in.get(1), in.get(2), doubleArg(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        List<SDVariable> gradients = new ArrayList<>();
        gradients.add(new GradInput().argumentsOf(this).apply(dy, arg(0), arg(1))[0]);
        gradients.addAll(List.of(new GradParams().argumentsOf(this).apply(dy, arg(0))));
        return gradients;
    }

    /** Gradient: dx from (dy, x, w). */
    public static final class GradInput extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.norms().layerNormGradInput(in.get(0), in.get(1), in.get(2), doubleArg(0), out.get(0));
        }
    }

    /** Gradient: dw[D] and db[D] from (dy, x). */
    public static final class GradParams extends GraphOp {
        @Override
        protected int outputCount() {
            return 2;
        }

        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            long width = in.get(0).size(1);
            return new long[][] {{width}, {width}};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.norms().layerNormGradParams(in.get(0), in.get(1), doubleArg(0), out.get(0), out.get(1));
        }
    }
}
