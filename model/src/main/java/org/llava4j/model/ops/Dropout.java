package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.DropoutMask;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Dropout (Srivastava et al. 2014) without chance: {@code y = x * mask}, where {@link DropoutMask} makes the mask from a
 * stream of its own and {@code draw int64[1]}, below 0 for none. Nothing is kept for the gradient, which is the same
 * operation on it.
 */
public final class Dropout extends GraphOp {

    public Dropout() {}

    private Dropout(SameDiff sd, SDVariable x, SDVariable draw, double rate, long stream) {
        super(sd, x, draw);
        addTArgument(rate);
        addIArgument(stream);
    }

    /**
     * @param rate share of the elements that are dropped
     * @param stream see {@link DropoutMask#stream}
     */
    public static SDVariable of(String name, SDVariable x, SDVariable draw, double rate, long stream) {
        return new Dropout(x.getSameDiff(), x, draw, rate, stream).addToGraph(name)[0];
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {in.get(0).shape()};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        long draw = in.get(1).getLong(0);
        kernels.dropout(in.get(0), new DropoutMask(iArguments.get(0), draw, doubleArg(0)), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Dropout(sameDiff, dys.get(0), arg(1), doubleArg(0), iArguments.get(0)).addToGraph(null)[0]);
    }
}
