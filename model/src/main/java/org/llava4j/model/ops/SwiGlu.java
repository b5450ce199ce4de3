package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** SwiGLU {@code y = silu(gate) * up}, the gated unit of LLaMA's MLP (Shazeer 2020). */
public final class SwiGlu extends GraphOp {

    /** Adds the operation to the graph of {@code gate} and returns y. */
    public static SDVariable of(String name, SDVariable gate, SDVariable up) {
        return new SwiGlu().apply(name, gate, up)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.activations().swiGlu(in.get(0), in.get(1), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Grad().apply(dys.get(0), arg(0), arg(1)));
    }

    /** Gradient: dGate and dUp from (dy, gate, up). */
    public static final class Grad extends InputGradient {
        @Override
        protected int outputCount() {
            return 2;
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.activations().swiGluGrad(in.get(0), in.get(1), in.get(2), out.get(0), out.get(1));
        }
    }
}
