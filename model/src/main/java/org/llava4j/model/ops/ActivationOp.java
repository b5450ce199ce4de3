package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Element-wise activation function {@code y = f(x)}: CLIP's quick_gelu or the exact GELU of the two-layer projector.
 */
public final class ActivationOp extends GraphOp {

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(Activation f, String name, SDVariable x) {
        return new ActivationOp().ints(f.ordinal()).apply(name, x)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.activations().activation(Activation.values()[intArg(0)], in.get(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Grad().argumentsOf(this).apply(dys.get(0), arg(0))[0]);
    }

    /** Gradient: dx from (dy, x). */
    public static final class Grad extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.activations().activationGrad(Activation.values()[intArg(0)], in.get(0), in.get(1), out.get(0));
        }
    }
}
