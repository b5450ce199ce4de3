package org.llava4j.train.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Operations in the order in which they run, and how each is differentiated. As in SameDiff every gradient is an
 * operation of its own, and what has several gradients gets their sum as a new array.
 */
final class Tape {
    private final List<StepOp> ops = new ArrayList<>();
    private final Deque<Runnable> backward = new ArrayDeque<>();
    private final Map<StepArray, StepArray> gradients = new IdentityHashMap<>();
    private final Map<String, StepArray> weightGradients = new LinkedHashMap<>();

    /** Runs an operation with one result. */
    StepArray run(StepArray result, StepArray... reads) {
        run(List.of(result), reads);
        return result;
    }

    void run(List<StepArray> results, StepArray... reads) {
        ops.add(new StepOp(List.of(reads), results));
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
