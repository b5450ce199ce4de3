package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.RopeKernels.Rotation;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rotary position embedding (Su et al. 2021) with Hugging Face's half-split rotation on {@code x[R, H*d]}, {@code
 * positions int32[R]}. The gradient is the inverse rotation.
 */
public final class Rope extends GraphOp {

    /**
     * Adds the operation to the graph of {@code x}.
     *
     * @param order in which {@code x} has the dimensions of a head; the result has {@link RotaryOrder#HALVES}
     * @param scale divisor of the positions (rope_scaling of type linear); 1 for none
     */
    public static SDVariable of(
            String name,
            SDVariable x,
            SDVariable positions,
            int headDim,
            RotaryOrder order,
            double theta,
            double scale) {
        return new Rope()
                .ints(headDim, order.ordinal())
                .doubles(theta, scale)
                .booleans(false)
                .apply(name, x, positions)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        RotaryOrder order = RotaryOrder.values()[intArg(1)];
        Rotation rotation = new Rotation(intArg(0), order, doubleArg(0), doubleArg(1), booleanArg(0));
        kernels.rope().rotate(in.get(0), in.get(1), rotation, out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(new Rope()
                .ints(intArg(0), intArg(1))
                .doubles(doubleArg(0), doubleArg(1))
                .booleans(!booleanArg(0))
                .apply(dys.get(0), arg(1))[0]);
    }
}
