package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Version-specific part of an operation, the type of output shape descriptors: the ND4J snapshots (profile cuda).
 * Written from their sources; not compiled on the build machines.
 */
abstract class VersionedOp extends DynamicCustomOp {

    VersionedOp() {}

    VersionedOp(SameDiff sd, SDVariable... args) {
        super(null, sd, args);
    }

    /** Returns the shapes of the outputs for these inputs. */
    protected abstract long[][] outputShapes(List<INDArray> inputs);

    /**
     * Checks that a session that can run the operation is running: native code does not know the operation.
     *
     * @throws IllegalStateException if another session runs it
     */
    abstract void requireSession();

    /** Data type of the outputs for the data type of the first input. */
    abstract DataType outputType(DataType firstInput);

    @Override
    public final List<DataBuffer> calculateOutputShape() {
        return describe(inputArguments());
    }

    @Override
    public final List<DataBuffer> calculateOutputShape(OpContext context) {
        requireSession();
        return describe(context.getInputArrays());
    }

    private List<DataBuffer> describe(List<INDArray> inputs) {
        List<DataBuffer> descriptors = new ArrayList<>();
        DataType type = outputType(inputs.get(0).dataType());
        for (long[] shape : outputShapes(inputs)) {
            descriptors.add(Nd4j.createBuffer(
                    LongShapeDescriptor.fromShape(shape, type).toShapeInfo()));
        }
        return descriptors;
    }
}
