package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;

/** Operation on a floating-point input and int32 indices or ids, of which only the former has a gradient. */
abstract class IndexedOp extends GraphOp {

    /** The gradient of the floating-point input from (dy, input, indices). */
    abstract InputGradient gradient();

    @Override
    protected final List<SDVariable> gradients(List<SDVariable> dys) {
        return listOf(gradient().apply(dys.get(0), arg(0), arg(1))[0]);
    }
}
