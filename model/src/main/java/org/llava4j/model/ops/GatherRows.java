package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Row gather {@code y[M, D] = x[R, D][rows]}, rows int32[M]. It selects the target tokens before the LM head. */
public final class GatherRows extends IndexedOp {

    /** Adds the operation to the graph of {@code x} and returns y. */
    public static SDVariable of(String name, SDVariable x, SDVariable rows) {
        return new GatherRows().apply(name, x, rows)[0];
    }

    @Override
    InputGradient gradient() {
        return new Grad();
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {{in.get(1).length(), in.get(0).size(1)}};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.rows().gatherRows(in.get(0), in.get(1), out.get(0));
    }

    /** Gradient: dx[R, D] from (dy, x, rows); x gives the shape. */
    public static final class Grad extends InputGradient {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.rows().gatherRowsGrad(in.get(0), in.get(2), out.get(0));
        }
    }
}
