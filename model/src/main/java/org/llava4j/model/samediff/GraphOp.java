package org.llava4j.model.samediff;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.model.kernels.Kernels;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An operation of our own inside a SameDiff graph: it knows its output shapes, what computes it, and its gradients as
 * further operations. {@link GraphSession} runs it. SameDiff clones operations by name and arguments, so subclasses
 * keep no state but the i/t/b arguments, have a constructor without arguments, and are listed in {@link GraphHooks}.
 *
 * <p>Inputs: floating point ones first, integer ones (ids, rows, positions) last; gradients are given for the former
 * only. Each gradient is an operation of its own wherever it may be unwanted: SameDiff executes what is asked for, so
 * a frozen weight costs nothing.
 */
public abstract class GraphOp extends VersionedOp {
    private static final String PREFIX = "llava_";

    protected GraphOp() {}

    protected GraphOp(SameDiff sd, SDVariable... args) {
        super(sd, args);
    }

    /** Fills {@code outputs} (pooled memory: contents unspecified) from {@code inputs}. */
    protected abstract void compute(Kernels kernels, List<INDArray> inputs, List<INDArray> outputs);

    /**
     * Gradients of the floating point inputs, in their order.
     *
     * @param outputGradients one for each output
     */
    protected List<SDVariable> gradients(List<SDVariable> outputGradients) {
        throw new UnsupportedOperationException(
                opName() + " is not differentiated: it is a gradient itself, or its" + " input is a placeholder");
    }

    /** How many outputs; most operations have one. */
    protected int outputCount() {
        return 1;
    }

    /** Adds this operation to its graph and names its outputs {@code name}, {@code name:1}, ... */
    public final SDVariable[] addToGraph(String name) {
        return outputVariables(name);
    }

    /** The same operation on other inputs, of whichever graph they belong to; {@link #addToGraph} adds it there. */
    final GraphOp copyWithInputs(SDVariable... inputs) {
        GraphOp copy = newInstance();
        copy.setSameDiff(inputs[0].getSameDiff());
        copy.setOwnName(null);
        copy.setInstanceId();
        copy.iArguments.addAll(iArguments);
        copy.tArguments.addAll(tArguments);
        copy.bArguments.addAll(bArguments);
        copy.sameDiff.addArgsFor(inputs, copy);
        return copy;
    }

    private GraphOp newInstance() {
        try {
            return getClass().getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(getClass() + " has no public constructor without arguments", e);
        }
    }

    @Override
    public final String opName() {
        return nameOf(getClass());
    }

    static String nameOf(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        return PREFIX + (outer == null ? "" : outer.getSimpleName() + "_") + type.getSimpleName();
    }

    @Override
    public final long opHash() {
        return 0;
    }

    @Override
    public final int getNumOutputs() {
        return outputCount();
    }

    @Override
    public final List<DataType> calculateOutputDataTypes(List<DataType> inputTypes) {
        return Collections.nCopies(outputCount(), outputType(inputTypes.get(0)));
    }

    /** Outputs have the first input's type; what reads a weight kept in 16 bits computes in float32. */
    @Override
    final DataType outputType(DataType firstInput) {
        return FloatConversion.isHalfPrecision(firstInput) ? DataType.FLOAT : firstInput;
    }

    /** Refuses to compute a gradient for a weight kept in 16 bits, whose updates would be rounded away. */
    protected static void requireTrainable(INDArray weight) {
        if (FloatConversion.isHalfPrecision(weight.dataType())) {
            throw new IllegalStateException(
                    "a weight kept as " + weight.dataType() + " has no gradient; load it as float32 to train it");
        }
    }

    @Override
    public final List<SDVariable> doDiff(List<SDVariable> outputGradients) {
        return gradients(outputGradients);
    }

    // SameDiff's copies carry the i/t/b arguments themselves; there are no further properties.

    @Override
    public final Map<String, Object> propertiesForFunction() {
        return new HashMap<>();
    }

    @Override
    public final void setPropertiesForFunction(Map<String, Object> properties) {}

    @Override
    public final void configureFromArguments() {}

    protected final int intArg(int i) {
        return Math.toIntExact(iArguments.get(i));
    }

    protected final double doubleArg(int i) {
        return tArguments.get(i);
    }

    protected final boolean booleanArg(int i) {
        return bArguments.get(i);
    }

    /** rows and columns as a shape. */
    protected static long[] shape(long... dims) {
        return dims;
    }

    protected static List<SDVariable> listOf(SDVariable... variables) {
        return Arrays.asList(variables);
    }
}
