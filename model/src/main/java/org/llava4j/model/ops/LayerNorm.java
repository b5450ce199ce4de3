package org.llava4j.model.ops;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LayerNorm {@code y = (x - mean) / sqrt(var + eps) * w + b} over rows of {@code x[R, D]} (Ba et al. 2016), the norm of
 * CLIP.
 */
public final class LayerNorm extends GraphOp {

    /** For SameDiff, which clones operations. */
    public LayerNorm() {}

    private LayerNorm(SameDiff sd, double eps, SDVariable x, SDVariable w, SDVariable b) {
        super(sd, x, w, b);
        addTArgument(eps);
    }

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(String name, SDVariable x, SDVariable w, SDVariable b, double eps) {
        return new LayerNorm(x.getSameDiff(), eps, x, w, b).addToGraph(name)[0];
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {in.get(0).shape()};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.layerNorm(in.get(0), in.get(1), in.get(2), doubleArg(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        List<SDVariable> gradients = new ArrayList<>();
        gradients.add(new GradInput(sameDiff, doubleArg(0), dy, arg(0), arg(1)).addToGraph()[0]);
        gradients.addAll(List.of(new GradParams(sameDiff, doubleArg(0), dy, arg(0)).addToGraph()));
        return gradients;
    }

    /** Gradient: dx from (dy, x, w). */
    public static final class GradInput extends GraphOp {
        /** For SameDiff, which clones operations. */
        public GradInput() {}

        private GradInput(SameDiff sd, double eps, SDVariable dy, SDVariable x, SDVariable w) {
            super(sd, dy, x, w);
            addTArgument(eps);
        }

        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {in.get(0).shape()};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.layerNormGradInput(in.get(0), in.get(1), in.get(2), doubleArg(0), out.get(0));
        }
    }

    /** Gradient: dw[D] and db[D] from (dy, x). */
    public static final class GradParams extends GraphOp {
        /** For SameDiff, which clones operations. */
        public GradParams() {}

        private GradParams(SameDiff sd, double eps, SDVariable dy, SDVariable x) {
            super(sd, dy, x);
            addTArgument(eps);
        }

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
            kernels.layerNormGradParams(in.get(0), in.get(1), doubleArg(0), out.get(0), out.get(1));
        }
    }
}
