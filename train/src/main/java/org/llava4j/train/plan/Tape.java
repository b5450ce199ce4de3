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
import java.util.Set;
import java.util.function.Supplier;

/**
 * Operations in the order in which they run, and how each is differentiated. As in SameDiff every gradient is an
 * operation of its own, and what has several gradients gets their sum as a new array.
 */
final class Tape {
    private final List<StepOp> ops = new ArrayList<>();
    private final Deque<Runnable> backward = new ArrayDeque<>();
    private final Map<StepArray, StepArray> gradients = new IdentityHashMap<>();
    private final Map<String, StepArray> weightGradients = new LinkedHashMap<>();
    private final Map<StepArray, StepArray> recomputed = new IdentityHashMap<>();

    /** Runs an operation with one result. */
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

    /** Runs what makes an array; when its gradient has come, runs all but the last again for the gradients inside. */
    StepArray checkpointed(Supplier<StepArray> part) {
        int first = ops.size();
        StepArray result = part.get();
        List<StepOp> inside = List.copyOf(ops.subList(first, ops.size() - 1));
        onBackward(() -> {
            Set<StepArray> made = Collections.newSetFromMap(new IdentityHashMap<>());
            for (StepOp op : inside) {
                for (StepArray read : op.inputs()) {
                    if (!made.contains(read) && !recomputed.containsKey(read)) {
                        recomputed.put(read, run(like(read), read, gradient(result)));
                    }
                }
                List<StepArray> results = op.outputs().stream().map(Tape::like).toList();
                run(results, op.inputs().toArray(new StepArray[0]));
                for (int i = 0; i < results.size(); i++) {
                    recomputed.put(op.outputs().get(i), results.get(i));
                }
                made.addAll(op.outputs());
            }
        });
        return result;
    }

    /** What to add when the gradient of what was run last is there. */
    void onBackward(Runnable work) {
        backward.push(work);
    }

    /** The gradient of an array so far. */
    StepArray gradient(StepArray of) {
        return gradients.get(of);
    }

    /** A gradient of an array, or one more of it. */
    void addGradient(StepArray of, StepArray gradient) {
        gradients.merge(of, gradient, this::sum);
    }

    /** A gradient of a weight, or one more of it. */
    void addGradient(String weight, StepArray gradient) {
        weightGradients.merge(weight, gradient, this::sum);
    }

    private StepArray sum(StepArray a, StepArray b) {
        return run(like(a), a, b);
    }

    /** Another array of this shape. */
    static StepArray like(StepArray other) {
        return new StepArray(other.shape().stream().mapToLong(Long::longValue).toArray());
    }

    /** Adds all gradients, from the last operation to the first. */
    void differentiate() {
        while (!backward.isEmpty()) {
            backward.pop().run();
        }
    }

    /** By weight, in no order of importance. */
    Map<String, StepArray> weightGradients() {
        return weightGradients;
    }

    List<StepOp> ops() {
        return ops;
    }
}
