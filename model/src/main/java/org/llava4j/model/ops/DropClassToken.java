package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Drops the class token: {@code x} without the first row of every group. */
public final class DropClassToken extends GraphOp {

    /**
     * Adds the operation to the graph of {@code x}.
     *
     * @param group rows of a group, including the first
     */
    public static SDVariable of(String name, SDVariable x, int group) {
        return new DropClassToken().ints(group).apply(name, x)[0];
    }

    static long[] shapeWithoutFirst(INDArray x, long group) {
        return new long[] {x.size(0) / group * (group - 1), x.size(1)};
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {shapeWithoutFirst(in.get(0), intArg(0))};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.vision().dropFirstRows(in.get(0), intArg(0), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Grad().argumentsOf(this).apply(dys.get(0))[0]);
    }

    /** Gradient: dx from dy. */
    public static final class Grad extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            long group = intArg(0);
            return new long[][] {
                {in.get(0).size(0) / (group - 1) * group, in.get(0).size(1)}
            };
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.vision().dropFirstRowsGrad(in.get(0), intArg(0), out.get(0));
        }
    }
}
