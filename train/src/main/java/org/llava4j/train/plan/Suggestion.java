package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.llava4j.model.weights.FrozenType;

/**
 * A change that makes a run fit into a machine.
 *
 * @param words what to change
 * @param run the run with the change
 */
public record Suggestion(String words, PlannedRun run) {
    /** A sequence with less text beside its image is no use. */
    private static final int LEAST_TEXT = 32;

    private static final int STEP_OF_LENGTHS = 8;

    /**
     * What would make a run fit: single changes, or, where none is enough, the first that are enough together.
     *
     * @return none if nothing would
     */
    public static List<Suggestion> of(PlannedRun run, Machine machine) {
        Suggestion asked = new Suggestion("", run);
        Suggestion narrow = asked.narrow();
        Suggestion again = asked.again();
        for (Suggestion base : List.of(
                asked,
                narrow,
                again,
                narrow.again(),
                asked.single(),
                narrow.single(),
                again.single(),
                narrow.again().single())) {
            List<Suggestion> found = changes(base, machine);
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    /** Single changes with which a run needs less, whatever the machine has. */
    public static List<Suggestion> smaller(PlannedRun run) {
        Suggestion asked = new Suggestion("", run);
        int half = (run.batch() + 1) / 2;
        long needed = MemoryPlan.of(run).neededBytes();
        return Stream.of(asked.and("batch " + half, run.withBatch(half)), asked.narrow(), asked.again())
                .filter(change -> MemoryPlan.of(change.run).neededBytes() < needed)
                .toList();
    }

    /** With frozen matrices in 16 bits; the same if they are. */
    private Suggestion narrow() {
        return run.frozenType() == FrozenType.FP32
                ? and("--frozen-dtype " + FrozenType.BF16, run.withFrozenType(FrozenType.BF16))
                : this;
    }

    /** With activations made again; the same if they are. */
    private Suggestion again() {
        return run.recompute() ? this : and("--recompute", run.withRecompute(true));
    }

    private Suggestion single() {
        return and("batch 1", run.withBatch(1));
    }

    private static List<Suggestion> changes(Suggestion base, Machine machine) {
        PlannedRun run = base.run;
        List<Suggestion> found = new ArrayList<>();
        largest(run.batch() - 1, 1, run::withBatch, machine)
                .ifPresent(batch -> found.add(base.and("batch " + batch, run.withBatch(batch))));
        for (Suggestion change : List.of(base.narrow(), base.again())) {
            if (change != base && MemoryPlan.of(change.run).fits(machine)) {
                found.add(change);
            }
        }
        int least = (run.config().imageVectors() + LEAST_TEXT + STEP_OF_LENGTHS - 1) / STEP_OF_LENGTHS;
        largest((run.length() - 1) / STEP_OF_LENGTHS, least, n -> run.withLength(n * STEP_OF_LENGTHS), machine)
                .map(n -> n * STEP_OF_LENGTHS)
                .ifPresent(length -> found.add(base.and("length " + length, run.withLength(length))));
        return found;
    }

    private Suggestion and(String more, PlannedRun changed) {
        return new Suggestion(words.isEmpty() ? more : words + ", " + more, changed);
    }

    /** The largest number of least..most with which a run fits; what it takes grows with it. */
    private static Optional<Integer> largest(int most, int least, IntFunction<PlannedRun> with, Machine machine) {
        if (most < least || !MemoryPlan.of(with.apply(least)).fits(machine)) {
            return Optional.empty();
        }
        int fits = least;
        int tooMuch = most + 1;
        while (tooMuch - fits > 1) {
            int middle = (fits + tooMuch) >>> 1;
            if (MemoryPlan.of(with.apply(middle)).fits(machine)) {
                fits = middle;
            } else {
                tooMuch = middle;
            }
        }
        return Optional.of(fits);
    }
}
