package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.memory.PooledMemory;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;

/**
 * Eager execution of part of a graph: the operations that one node depends on, compiled to a list of kernel calls in
 * topological order. It runs the graph's own operations on the graph's own weights, without SameDiff's overhead per
 * operation (200 to 300 microseconds), which exceeds the cost of a single-row product. Single operations can be computed
 * differently by a {@link Substitute}. Not thread-safe.
 */
public final class GraphProgram {
    private final SameDiff graph;
    private final Map<String, String> replacements;
    private final Set<String> given;
    private final Kernels kernels = KernelChoice.kernels();
    private final List<Call> calls = new ArrayList<>();
    private final Map<String, Integer> slots = new HashMap<>();
    private final Map<String, Integer> weights = new LinkedHashMap<>();
    private final Map<String, Integer> placeholders = new LinkedHashMap<>();
    private final int output;
    private INDArray[] weightArrays = {};

    /**
     * One operation.
     *
     * @param inputs slots of its inputs
     * @param outputs slots of its outputs
     * @param lastReads slots of intermediate arrays that no later operation reads
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Call(GraphOp op, int[] inputs, int[] outputs, int[] lastReads) {}

    /** Another computation of single operations. */
    @FunctionalInterface
    public interface Substitute {
        /**
         * Computes an operation's outputs, unless the operation is to compute them itself.
         *
         * @return whether the outputs were computed
         */
        boolean compute(GraphOp op, List<INDArray> inputs, List<INDArray> outputs);
    }

    /**
     * Compiles the operations that a node depends on.
     *
     * @param output name of the node
     * @param replacements nodes to be read in place of others, by the names of the latter; operations that then nothing
     *     depends on are not part of the program
     * @throws IllegalStateException if the node depends on an operation that is neither a {@link GraphOp} nor an identity
     */
    public GraphProgram(SameDiff graph, String output, Map<String, String> replacements) {
        this(graph, output, replacements, Set.of());
    }

    /**
     * As {@link #GraphProgram(SameDiff, String, Map)}.
     *
     * @param given nodes that are placeholders of the program: a run gets their arrays instead of computing them
     */
    public GraphProgram(SameDiff graph, String output, Map<String, String> replacements, Set<String> given) {
        this.graph = graph;
        this.replacements = replacements;
        this.given = given;
        this.output = slot(output);
        markLastReads();
        refreshWeights();
    }

    /** Returns the slot of a node's array. Adds the node's operation and those that it depends on to the program. */
    private int slot(String node) {
        String name = replacements.getOrDefault(node, node);
        SameDiffOp op = given.contains(name) ? null : producer(name);
        if (op != null && op.getOp() instanceof Identity) {
            return slot(op.getInputsToOp().get(0));
        }
        Integer known = slots.get(name);
        if (known != null) {
            return known;
        }
        if (op == null) {
            int slot = newSlot(name);
            boolean isFed = given.contains(name) || graph.getVariable(name).isPlaceHolder();
            (isFed ? placeholders : weights).put(name, slot);
            return slot;
        }
        if (!(op.getOp() instanceof GraphOp graphOp)) {
            throw new IllegalStateException(name + " is computed by "
                    + op.getOp().opName() + ", which only SameDiff can run; read the node with output(...)");
        }
        int[] inputs = op.getInputsToOp().stream().mapToInt(this::slot).toArray();
        int[] outputs = op.getOutputsOfOp().stream().mapToInt(this::newSlot).toArray();
        calls.add(new Call(graphOp, inputs, outputs, new int[0]));
        return outputs[op.getOutputsOfOp().indexOf(name)];
    }

    private @Nullable SameDiffOp producer(String name) {
        Variable variable = graph.getVariables().get(name);
        if (variable == null) {
            throw new IllegalStateException("the graph has no node " + name);
        }
        String op = variable.getOutputOfOp();
        return op == null ? null : graph.getOps().get(op);
    }

    private int newSlot(String name) {
        int slot = slots.size();
        slots.put(name, slot);
        return slot;
    }

    private void markLastReads() {
        boolean[] isReadLater = new boolean[slots.size()];
        isReadLater[output] = true;
        weights.values().forEach(slot -> isReadLater[slot] = true);
        placeholders.values().forEach(slot -> isReadLater[slot] = true);
        for (int i = calls.size() - 1; i >= 0; i--) {
            Call call = calls.get(i);
            int[] last = Arrays.stream(concat(call.inputs, call.outputs))
                    .distinct()
                    .filter(slot -> !isReadLater[slot])
                    .toArray();
            Arrays.stream(last).forEach(slot -> isReadLater[slot] = true);
            calls.set(i, new Call(call.op, call.inputs, call.outputs, last));
        }
    }

    private static int[] concat(int[] a, int... b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** The program's operations of a type, in execution order. */
    public <T extends GraphOp> List<T> ops(Class<T> type) {
        return calls.stream()
                .map(Call::op)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /**
     * Looks up the weight arrays, which training may have replaced. Finding a variable by name takes too long to do so
     * in every run.
     */
    public void refreshWeights() {
        weightArrays = new INDArray[slots.size()];
        weights.forEach(
                (name, slot) -> weightArrays[slot] = graph.getVariable(name).getArr());
    }

    /**
     * Runs the program. The result is an array of the current thread's {@link PooledMemory} and belongs to the caller.
     *
     * @param fed arrays by placeholder name; others than the program's placeholders are ignored
     * @param substitute computes single operations differently
     * @throws BadInputException if an array of a placeholder is missing
     */
    public INDArray run(Map<String, INDArray> fed, Substitute substitute) {
        try (Run run = start(fed, substitute)) {
            run.advance(() -> false);
            return run.result();
        }
    }

    /** Starts a run that computes nothing yet. Its arguments and its exceptions are those of {@link #run}. */
    public Run start(Map<String, INDArray> fed, Substitute substitute) {
        INDArray[] arrays = weightArrays.clone();
        placeholders.forEach((name, slot) -> {
            INDArray array = fed.get(name);
            if (array == null) {
                throw new BadInputException("no input for the placeholder \"" + name + "\"");
            }
            arrays[slot] = array;
        });
        return new Run(arrays, substitute);
    }

    /**
     * A run that can pause between two operations, so that its thread can run other programs meanwhile. Closing it
     * releases its arrays except for the result.
     */
    public final class Run implements AutoCloseable {
        private final INDArray[] arrays;
        private final Substitute substitute;
        private final PooledMemory memory = PooledMemory.forCurrentThread();
        /** Computed arrays that were not released yet. */
        private final Set<INDArray> live = Collections.newSetFromMap(new IdentityHashMap<>());

        private int next;

        private Run(INDArray[] arrays, Substitute substitute) {
            this.arrays = arrays;
            this.substitute = substitute;
        }

        /**
         * Computes operations, at least one, until all are computed or the run is to pause.
         *
         * @param pause asked after each operation
         * @return whether all are computed
         */
        public boolean advance(BooleanSupplier pause) {
            while (next < calls.size()) {
                compute(calls.get(next++));
                if (pause.getAsBoolean()) {
                    break;
                }
            }
            return next == calls.size();
        }

        private void compute(Call call) {
            List<INDArray> inputs = select(arrays, call.inputs);
            DataType type = GraphOp.outputType(inputs.get(0).dataType());
            long[][] shapes = call.op.outputShapes(inputs);
            for (int i = 0; i < shapes.length; i++) {
                INDArray array = memory.borrow(type, shapes[i]);
                live.add(array);
                arrays[call.outputs[i]] = array;
            }
            List<INDArray> outputs = select(arrays, call.outputs);
            if (!substitute.compute(call.op, inputs, outputs)) {
                call.op.compute(kernels, inputs, outputs);
            }
            for (int slot : call.lastReads) {
                release(arrays[slot]);
            }
        }

        private void release(INDArray array) {
            live.remove(array);
            memory.release(array);
        }

        /**
         * The array of the program's node, which now belongs to the caller.
         *
         * @throws IllegalStateException if the run is not complete
         */
        public INDArray result() {
            if (next < calls.size()) {
                throw new IllegalStateException("the run has computed " + next + " of " + calls.size() + " operations");
            }
            live.remove(arrays[output]);
            return arrays[output];
        }

        @Override
        public void close() {
            List.copyOf(live).forEach(this::release);
        }
    }

    private static List<INDArray> select(INDArray[] arrays, int... slots) {
        INDArray[] selected = new INDArray[slots.length];
        for (int i = 0; i < slots.length; i++) {
            selected[i] = arrays[slots[i]];
        }
        return Arrays.asList(selected);
    }
}
