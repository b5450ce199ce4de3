package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.memory.MetaMemory;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;

/**
 * Trace of a run of a graph on meta arrays: the operations in the order in which SameDiff executed them, and in between
 * the releases of their arrays. The order does not depend on shapes. A replay therefore takes placeholders of any
 * shapes, without SameDiff's overhead per operation. A trace does not keep its graph.
 */
public final class GraphTrace {
    private final List<Event> events;
    private final Map<String, Integer> placeholders;
    private final Map<Integer, INDArray> weights;
    private final List<Integer> results;
    private final int slots;

    private GraphTrace(Recorder recorder, Map<String, Integer> placeholders, List<String> outputs) {
        events = recorder.events;
        weights = recorder.weights;
        results = outputs.stream().map(recorder.results::get).toList();
        slots = recorder.slots;
        this.placeholders = placeholders;
    }

    /** Event of a run. Each array that appears in a run has a slot. */
    private sealed interface Event {}

    /**
     * Execution of an operation.
     *
     * @param op null for a copy or a sum, whose output has the shape of its inputs
     * @param inputs slots of the inputs
     * @param allocated slots of the outputs, unless the output is an input
     * @param returned slots of those outputs that the graph returns
     */
    private record Execution(
            @Nullable GraphOp op, List<Integer> inputs, List<Integer> allocated, List<Integer> returned)
            implements Event {
        long[][] outputShapes(List<INDArray> arrays) {
            return op == null ? new long[][] {arrays.get(0).shape()} : op.outputShapes(arrays);
        }

        DataType outputType(List<INDArray> arrays) {
            DataType first = arrays.get(0).dataType();
            return op == null ? first : op.outputType(first);
        }
    }

    /** Release of an array to the pool. */
    private record Release(int slot) implements Event {}

    /**
     * Runs a graph on meta arrays and traces the run.
     *
     * @param graph its weights are meta arrays
     * @param outputs names of the nodes to evaluate
     * @param placeholders meta arrays by name
     * @param kernels compute nothing, see {@link org.llava4j.model.kernels.MetaKernels}
     */
    public static GraphTrace of(
            SameDiff graph, List<String> outputs, Map<String, INDArray> placeholders, Kernels kernels) {
        Recorder recorder = new Recorder();
        Map<String, Integer> slots = new LinkedHashMap<>();
        placeholders.forEach((name, array) -> slots.put(name, recorder.newSlot(array)));
        new TracingSession(graph, kernels, recorder, Set.copyOf(outputs))
                .output(outputs, placeholders, Map.of(), null, List.of(), List.of(), At.defaultAt());
        return new GraphTrace(recorder, slots, outputs);
    }

    /**
     * Allocates and releases the arrays of a run.
     *
     * @param placeholderArrays meta arrays by name, of any shapes that the graph takes
     * @return the outputs of the graph, which belong to the caller until they are released
     */
    public List<INDArray> replay(Map<String, INDArray> placeholderArrays, MetaMemory memory) {
        INDArray[] arrays = new INDArray[slots];
        weights.forEach((slot, array) -> arrays[slot] = array);
        placeholders.forEach((name, slot) -> arrays[slot] = placeholderArrays.get(name));
        for (Event event : events) {
            if (event instanceof Execution execution) {
                execute(execution, arrays, memory);
            } else if (event instanceof Release release) {
                memory.release(arrays[release.slot]);
            }
        }
        return select(results, arrays);
    }

    private static void execute(Execution execution, INDArray[] arrays, MetaMemory memory) {
        List<INDArray> inputs = select(execution.inputs, arrays);
        DataType type = execution.outputType(inputs);
        long[][] shapes = execution.outputShapes(inputs);
        for (int i = 0; i < execution.allocated.size(); i++) {
            arrays[execution.allocated.get(i)] = memory.allocate(false, type, shapes[i]);
        }
        memory.recordOperation(select(execution.returned, arrays));
    }

    private static List<INDArray> select(List<Integer> slots, INDArray... arrays) {
        List<INDArray> selected = new ArrayList<>(slots.size());
        for (int slot : slots) {
            selected.add(arrays[slot]);
        }
        return selected;
    }

    /** Events and arrays of a run that is being traced. */
    private static final class Recorder {
        private final List<Event> events = new ArrayList<>();
        private final Map<INDArray, Integer> slotOf = new IdentityHashMap<>();
        private final Map<Integer, INDArray> weights = new LinkedHashMap<>();
        private final Map<String, Integer> results = new LinkedHashMap<>();
        private int slots;

        int newSlot(INDArray array) {
            slotOf.put(array, slots);
            return slots++;
        }

        /** The slot of an input; one that no operation has computed is a weight or a constant. */
        private int slotOf(INDArray input) {
            Integer known = slotOf.get(input);
            if (known != null) {
                return known;
            }
            int slot = newSlot(input);
            weights.put(slot, input);
            return slot;
        }

        void execution(@Nullable GraphOp op, OpContext context, List<String> names, Set<String> requested) {
            List<Integer> inputs =
                    context.getInputArrays().stream().map(this::slotOf).toList();
            List<Integer> allocated = new ArrayList<>();
            List<Integer> returned = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                INDArray output = context.getOutputArray(i);
                // SameDiff's Identity returns its input.
                if (context.getInputArrays().stream().noneMatch(input -> input == output)) {
                    allocated.add(newSlot(output));
                }
                if (requested.contains(names.get(i))) {
                    returned.add(slotOf(output));
                    results.put(names.get(i), slotOf(output));
                }
            }
            events.add(new Execution(op, inputs, allocated, returned));
        }

        void release(INDArray array) {
            events.add(new Release(slotOf(array)));
        }
    }

    /** Session that notifies a recorder of operations and releases. */
    private static final class TracingSession extends GraphSession {
        private final Recorder recorder;
        private final Set<String> requested;

        TracingSession(SameDiff graph, Kernels kernels, Recorder recorder, Set<String> requested) {
            super(graph, kernels, new MetaMemory(recorder::release));
            this.recorder = recorder;
            this.requested = requested;
        }

        @Override
        void beforeExecution(DifferentialFunction op, OpContext context) {
            if (!(op instanceof GraphOp) && !sameShapes(context, context.numInputArguments())) {
                throw new IllegalStateException(op.opName() + " cannot run on meta arrays");
            }
            List<String> names = List.of(sameDiff.getOutputsForOp(op));
            recorder.execution(
                    op instanceof GraphOp graphOp ? graphOp.copyWithoutGraph() : null, context, names, requested);
        }
    }
}
