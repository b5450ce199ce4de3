package org.llava4j.model.samediff;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/**
 * Base class of custom operations in a SameDiff graph. An operation defines its output shapes, its computation and its
 * gradients as further operations; {@link GraphSession} runs it. SameDiff clones operations by name and arguments.
 * Subclasses therefore keep no state besides the i/t/b arguments, have a public no-argument constructor, and are
 * registered in {@link GraphHooks}.
 *
 * <p>Inputs: floating-point inputs first, integer inputs (ids, rows, positions) last; only the former have gradients. A
 * gradient that may not be needed is an operation of its own. SameDiff executes only what is requested, so a frozen
 * weight costs nothing.
 */
public abstract class GraphOp extends DynamicCustomOp {
    private static final String PREFIX = "llava_";

    /** Computes {@code outputs} from {@code inputs}. Outputs are pooled memory with unspecified contents. */
    protected abstract void compute(Kernels kernels, List<INDArray> inputs, List<INDArray> outputs);

    /**
     * Returns the gradients of the floating-point inputs, in their order.
     *
     * @param outputGradients one per output
     */
    protected List<SDVariable> gradients(List<SDVariable> outputGradients) {
        throw new UnsupportedOperationException(
                opName() + " has no gradient: it is a gradient itself, or its input is a placeholder");
    }

    /** Number of outputs; most operations have one. */
    protected int outputCount() {
        return 1;
    }

    /** Adds integer arguments and returns this operation. */
    public final GraphOp ints(long... values) {
        addIArgument(values);
        return this;
    }

    /** Adds floating-point arguments and returns this operation. */
    public final GraphOp doubles(double... values) {
        addTArgument(values);
        return this;
    }

    /** Adds boolean arguments and returns this operation. */
    public final GraphOp booleans(boolean... values) {
        addBArgument(values);
        return this;
    }

    /** Adds the arguments of {@code other} and returns this operation. */
    public final GraphOp argumentsOf(GraphOp other) {
        iArguments.addAll(other.iArguments);
        tArguments.addAll(other.tArguments);
        bArguments.addAll(other.bArguments);
        return this;
    }

    /** Adds this operation to the graph of its inputs and names its outputs {@code name}, {@code name:1}, ... */
    public final SDVariable[] apply(@Nullable String name, SDVariable... inputs) {
        setSameDiff(inputs[0].getSameDiff());
        setOwnName(null);
        setInstanceId();
        sameDiff.addArgsFor(inputs, this);
        return outputVariables(name);
    }

    /** Adds this operation to the graph of its inputs and lets SameDiff name its outputs. */
    public final SDVariable[] apply(SDVariable... inputs) {
        return apply(null, inputs);
    }

    /** Creates the same operation outside of any graph. */
    final GraphOp copyWithoutGraph() {
        return newInstance().argumentsOf(this);
    }

    private GraphOp newInstance() {
        try {
            return getClass().getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(getClass() + " has no public no-argument constructor", e);
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

    /** Returns the shapes of the outputs for these inputs: one output like the first input, unless overridden. */
    protected long[][] outputShapes(List<INDArray> inputs) {
        return new long[][] {inputs.get(0).shape()};
    }

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape() {
        return describe(inputArguments());
    }

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
        requireSession();
        return describe(context.getInputArrays());
    }

    private List<LongShapeDescriptor> describe(List<INDArray> inputs) {
        DataType type = outputType(inputs.get(0).dataType());
        return Arrays.stream(outputShapes(inputs))
                .map(shape -> LongShapeDescriptor.fromShape(shape, type))
                .toList();
    }

    @Override
    public final List<DataType> calculateOutputDataTypes(List<DataType> inputTypes) {
        return Collections.nCopies(outputCount(), outputType(inputTypes.get(0)));
    }

    /** Outputs have the data type of the first input, or float32 if that is a low-precision weight. */
    static DataType outputType(DataType firstInput) {
        return isLowPrecision(firstInput) ? DataType.FLOAT : firstInput;
    }

    /** Whether a weight of this data type is in 16 bits or quantized. */
    private static boolean isLowPrecision(DataType weight) {
        return FloatConversion.isHalfPrecision(weight) || weight == DataType.BYTE || weight == DataType.UBYTE;
    }

    /** Native code does not know the operation, so only our sessions can run it. */
    private void requireSession() {
        if (!GraphSession.isRunning()) {
            throw new IllegalStateException(opName() + " was called by a session that cannot run it; load a saved graph"
                    + " with Llava.loadGraph, and add listeners with addListeners, since setListeners removes the one"
                    + " that fit needs");
        }
    }

    /**
     * Rejects the gradient of a low-precision weight, whose updates would be rounded away.
     *
     * @throws IllegalStateException if the weight is stored in 16 bits or quantized
     */
    protected static void requireTrainable(INDArray weight) {
        if (isLowPrecision(weight.dataType())) {
            throw new IllegalStateException(
                    "a weight in " + weight.dataType() + " cannot be trained; load it as float32");
        }
    }

    @Override
    public final List<SDVariable> doDiff(List<SDVariable> outputGradients) {
        return gradients(outputGradients);
    }

    // SameDiff copies the i/t/b arguments itself; there are no further properties.

    @Override
    public final Map<String, Object> propertiesForFunction() {
        return new HashMap<>();
    }

    @Override
    public final void setPropertiesForFunction(Map<String, Object> properties) {}

    @Override
    public final void configureFromArguments() {}

    /** Returns the i-th integer argument. */
    protected final int intArg(int i) {
        return Math.toIntExact(iArguments.get(i));
    }

    /** Returns the i-th floating-point argument. */
    protected final double doubleArg(int i) {
        return tArguments.get(i);
    }

    /** Returns the i-th boolean argument. */
    protected final boolean booleanArg(int i) {
        return bArguments.get(i);
    }

    /** Returns the sizes as a shape. */
    protected static long[] shape(long... dims) {
        return dims;
    }

    /** Returns the variables as a list. */
    protected static List<SDVariable> listOf(SDVariable... variables) {
        return Arrays.asList(variables);
    }
}
