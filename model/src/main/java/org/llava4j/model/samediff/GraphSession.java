package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.memory.PooledMemory;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.config.ExecutionResult;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.FrameIter;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.AddOp;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * SameDiff session that runs every {@link GraphOp} with its {@link Kernels}, and also the copies and sums that SameDiff
 * inserts between gradients. Its memory comes from a {@link PooledMemory}. Everything else is SameDiff's.
 */
class GraphSession extends InferenceSession {
    private static final ThreadLocal<Boolean> RUNNING = ThreadLocal.withInitial(() -> false);

    private final Kernels kernels;
    private final PooledMemory memory;

    /** A session with this JVM's kernels, whose products do not round, and the current thread's pool. */
    GraphSession(SameDiff sameDiff) {
        this(sameDiff, KernelChoice.kernels().withoutRounding(), PooledMemory.forCurrentThread());
    }

    GraphSession(SameDiff sameDiff, Kernels kernels, PooledMemory memory) {
        super(sameDiff);
        this.kernels = kernels;
        this.memory = memory;
        setMmgr(memory);
    }

    @Override
    public ExecutionResult doExec(
            DifferentialFunction op,
            OpContext context,
            FrameIter frame,
            Set<VarId> opInputs,
            Set<VarId> allIterInputs,
            Set<String> constAndPlaceholderInputs,
            Map<String, SDValue> otherPlaceholders) {
        beforeExecution(op, context);
        if (op instanceof GraphOp graphOp) {
            graphOp.compute(kernels, context.getInputArrays(), context.getOutputArrays());
            return ExecutionResult.createFrom(graphOp, context);
        }
        if (op instanceof Identity identity && sameShapes(context, 1)) {
            kernels.elementwise().copy(context.getInputArray(0), context.getOutputArray(0));
            return ExecutionResult.createFrom(identity, context);
        }
        if (op instanceof AddOp add && sameShapes(context, 2)) {
            kernels.elementwise().add(context.getInputArray(0), context.getInputArray(1), context.getOutputArray(0));
            return ExecutionResult.createFrom(add, context);
        }
        return super.doExec(op, context, frame, opInputs, allIterInputs, constAndPlaceholderInputs, otherPlaceholders);
    }

    /** Called before each operation, with its inputs and outputs. */
    void beforeExecution(DifferentialFunction op, OpContext context) {}

    /** Whether a graph session runs on the current thread. */
    static boolean isRunning() {
        return RUNNING.get();
    }

    /**
     * Whether the operation has this number of inputs, all with the shape and type of its only output, so that nothing
     * is broadcast or converted.
     */
    static boolean sameShapes(OpContext context, int inputs) {
        if (context.numInputArguments() != inputs || context.numOutputArguments() != 1) {
            return false;
        }
        INDArray output = context.getOutputArray(0);
        return context.getInputArrays().stream()
                .allMatch(input -> input.dataType() == output.dataType() && input.equalShapes(output));
    }

    /**
     * Validates the inputs and runs the graph. After a run, arrays that were not returned go back to the pool, and the
     * ids that guard against double frees within a run are cleared.
     */
    @Override
    public ExecutionResult output(
            List<String> variables,
            @Nullable Map<String, INDArray> placeholders,
            @Nullable Map<String, SDValue> otherPlaceholders,
            @Nullable MultiDataSet batch,
            Collection<String> requiredActivations,
            List<Listener> listeners,
            At at) {
        if (otherPlaceholders != null && !otherPlaceholders.isEmpty()) {
            return output(variables, tensors(otherPlaceholders), Map.of(), batch, requiredActivations, listeners, at);
        }
        Map<String, INDArray> fed = placeholders == null ? Map.of() : placeholders;
        GraphInputValidator.requireMatchingTypes(sameDiff, fed);
        GraphInputValidator.requireComplete(sameDiff, variables, fed);
        ExecutionResult result;
        boolean nested = RUNNING.get();
        RUNNING.set(true);
        try {
            result =
                    super.output(variables, placeholders, otherPlaceholders, batch, requiredActivations, listeners, at);
        } finally {
            RUNNING.set(nested);
        }
        freedArrays.clear();
        memory.releaseUnreturned(arrays(result));
        return result;
    }

    /** Inputs of a graph that an {@code Invoke} operation of another graph calls. */
    private static Map<String, INDArray> tensors(Map<String, SDValue> values) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        values.forEach((name, value) -> tensors.put(name, value.getTensorValue()));
        return tensors;
    }

    private static List<INDArray> arrays(ExecutionResult result) {
        List<INDArray> arrays = new ArrayList<>();
        if (result.hasSingle()) {
            result.getOutputs().values().forEach(array -> array.ifPresent(arrays::add));
        }
        if (result.hasValues()) {
            for (SDValue value : result.getValueOutputs().values()) {
                switch (value.getSdValueType()) {
                    case TENSOR -> arrays.add(value.getTensorValue());
                    case LIST -> arrays.addAll(value.getListValue());
                    default -> throw new IllegalStateException("a graph must return arrays but returned " + value);
                }
            }
        }
        return arrays;
    }
}
