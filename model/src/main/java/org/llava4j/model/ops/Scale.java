package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Scaling {@code y = factor * x}. */
public final class Scale extends GraphOp {

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(String name, SDVariable x, double factor) {
        return new Scale().doubles(factor).apply(name, x)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.elementwise().scale(in.get(0), doubleArg(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Scale().argumentsOf(this).apply(dys.get(0))[0]);
    }
}
