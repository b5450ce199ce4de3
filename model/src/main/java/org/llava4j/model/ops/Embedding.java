package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.QuantizedFormat;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Embedding lookup {@code y[R, D] = table[V, D][ids]}; ids int32 of any shape with R entries. A frozen table may be
 * stored in low precision; the output is float32.
 */
public final class Embedding extends IndexedOp {

    /** Adds the operation to the graph of {@code table} and returns y. */
    public static SDVariable of(String name, SDVariable table, SDVariable ids) {
        return new Embedding().apply(name, table, ids)[0];
    }

    @Override
    InputGradient gradient() {
        return new Grad();
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {{in.get(1).length(), QuantizedFormat.inputs(in.get(0))}};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.rows().embedding(in.get(1), in.get(0), out.get(0));
    }

    /** Gradient: dTable[V, D] from (dy, table, ids); the table gives the shape. */
    public static final class Grad extends InputGradient {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            requireTrainable(in.get(1));
            kernels.rows().embeddingGrad(in.get(0), in.get(2), out.get(0));
        }
    }
}
