package org.llava4j.train.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Tape of operations in execution order, with a gradient rule for each (reverse-mode automatic differentiation). As in
 * SameDiff, every gradient is a separate operation, and several gradients of one array are summed into a new array.
 */
final class Tape {
    private final List<StepOp> ops = new ArrayList<>();
    private final Deque<Runnable> backward = new ArrayDeque<>();
    private final Map<StepArray, StepArray> gradients = new IdentityHashMap<>();
    private final Map<String, StepArray> weightGradients = new LinkedHashMap<>();
    private final Map<StepArray, StepArray> recomputed = new IdentityHashMap<>();

    /** Records an operation with one result. */
    StepArray run(StepArray result, StepArray... reads) {
        run(List.of(result), reads);
        return result;
    }

    void run(List<StepArray> results, StepArray... reads) {
        ops.add(new StepOp(
                Arrays.stream(reads)
                        .map(read -> recomputed.getOrDefault(read, read))
                        .toList(),
                results));
    }

    /**
     * Records a segment with gradient checkpointing: once the gradient of its result exists, all its operations but the
     * last are recorded again for the gradients inside.
     */
    StepArray checkpointed(Supplier<StepArray> segment) {
        int first = ops.size();
        StepArray result = segment.get();
        List<StepOp> inside = List.copyOf(ops.subList(first, ops.size() - 1));
        onBackward(() -> {
            Set<StepArray> recomputedOutputs = Collections.newSetFromMap(new IdentityHashMap<>());
            for (StepOp op : inside) {
                for (StepArray read : op.inputs()) {
                    if (!recomputedOutputs.contains(read) && !recomputed.containsKey(read)) {
                        recomputed.put(read, run(like(read), read, gradient(result)));
                    }
                }
                List<StepArray> results = op.outputs().stream().map(Tape::like).toList();
                run(results, op.inputs().toArray(new StepArray[0]));
                for (int i = 0; i < results.size(); i++) {
                    recomputed.put(op.outputs().get(i), results.get(i));
                }
                recomputedOutputs.addAll(op.outputs());
            }
        });
        return result;
    }

    /** Registers a gradient rule. Rules run in reverse order when the tape is differentiated. */
    void onBackward(Runnable work) {
        backward.push(work);
    }

    /** The gradient of an array accumulated so far. */
    StepArray gradient(StepArray of) {
        return Objects.requireNonNull(gradients.get(of));
    }

    /** Adds to the gradient of an array. */
    void addGradient(StepArray of, StepArray gradient) {
        gradients.merge(of, gradient, this::sum);
    }

    /** Adds to the gradient of a weight. */
    void addGradient(String weight, StepArray gradient) {
        weightGradients.merge(weight, gradient, this::sum);
    }

    private StepArray sum(StepArray a, StepArray b) {
        return run(like(a), a, b);
    }

    /** A new array of the same shape. */
    static StepArray like(StepArray other) {
        return new StepArray(other.shape().stream().mapToLong(Long::longValue).toArray());
    }

    /** Records all gradients, from the last operation to the first. */
    void differentiate() {
        while (!backward.isEmpty()) {
            backward.pop().run();
        }
    }

    /** Gradients by weight name. */
    Map<String, StepArray> weightGradients() {
        return weightGradients;
    }

    List<StepOp> ops() {
        return ops;
    }
}
