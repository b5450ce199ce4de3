package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/** What of an operation differs between ND4J versions: how output shapes are told. This one is for 1.0.0-M2.1. */
abstract class VersionedOp extends DynamicCustomOp {

    VersionedOp() {}

    VersionedOp(SameDiff sd, SDVariable... args) {
        super(null, sd, args);
    }

    /** Shapes of the outputs, from the inputs of this very call. */
    protected abstract long[][] outputShapes(List<INDArray> inputs);

    /** Type of the outputs where the first input is of this type. */
    abstract DataType outputType(DataType firstInput);

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape() {
        return describe(inputArguments());
    }

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
        return describe(context.getInputArrays());
    }

    private List<LongShapeDescriptor> describe(List<INDArray> inputs) {
        List<LongShapeDescriptor> descriptors = new ArrayList<>();
        DataType type = outputType(inputs.get(0).dataType());
        for (long[] shape : outputShapes(inputs)) {
            descriptors.add(LongShapeDescriptor.fromShape(shape, type));
        }
        return descriptors;
    }
}
