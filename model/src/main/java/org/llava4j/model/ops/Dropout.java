package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.DropoutMask;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Deterministic dropout (Srivastava et al. 2014): {@code y = x * mask}. {@link DropoutMask} computes the mask from a
 * stream and {@code seed int64[1]}; a negative seed disables dropout. No mask is stored: the gradient is the same
 * operation applied to dy.
 */
public final class Dropout extends GraphOp {

    /**
     * Adds the operation to the graph of {@code x}.
     *
     * @param rate share of the elements that are dropped
     * @param stream see {@link DropoutMask#stream}
     */
    public static SDVariable of(String name, SDVariable x, SDVariable seed, double rate, long stream) {
        return new Dropout().doubles(rate).ints(stream).apply(name, x, seed)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        long seed = in.get(1).getLong(0);
        kernels.elementwise().dropout(in.get(0), new DropoutMask(iArguments.get(0), seed, doubleArg(0)), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Dropout().argumentsOf(this).apply(dys.get(0), arg(1))[0]);
    }
}
