package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients of the first inputs of an operation, from (dy, inputs): each output has the shape of its input. */
abstract class InputGradient extends GraphOp {

    @Override
    protected final long[][] outputShapes(List<INDArray> in) {
        return in.subList(1, 1 + outputCount()).stream().map(INDArray::shape).toArray(long[][]::new);
    }
}
