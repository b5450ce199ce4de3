package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.llava4j.model.weights.WeightDtype;

/**
 * A change that makes a run fit into a machine.
 *
 * @param description what to change
 * @param run the run with the change
 */
public record Suggestion(String description, PlannedRun run) {
    /** A sequence with less text beside its image is no use. */
    private static final int MIN_TEXT_TOKENS = 32;

    private static final int LENGTH_STEP = 8;

    /**
     * What would make a run fit: single changes, or, where none is enough, the first that are enough together.
     *
     * @return none if nothing would
     */
    public static List<Suggestion> thatFit(PlannedRun run, MachineMemory machine) {
        Suggestion asked = new Suggestion("", run);
        Suggestion narrow = asked.withBf16();
        Suggestion again = asked.withCheckpointing();
        for (Suggestion base : List.of(
                asked,
                narrow,
                again,
                narrow.withCheckpointing(),
                asked.withBatchOfOne(),
                narrow.withBatchOfOne(),
                again.withBatchOfOne(),
                narrow.withCheckpointing().withBatchOfOne())) {
            List<Suggestion> found = changes(base, machine);
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    /** Single changes with which a run needs less, whatever the machine has. */
    public static List<Suggestion> thatNeedLess(PlannedRun run) {
        Suggestion asked = new Suggestion("", run);
        int half = (run.batchSize() + 1) / 2;
        long needed = MemoryPlan.of(run).neededBytes();
        return Stream.of(
                        asked.with("batch " + half, run.withBatchSize(half)),
                        asked.withBf16(),
                        asked.withCheckpointing())
                .filter(change -> MemoryPlan.of(change.run).neededBytes() < needed)
                .toList();
    }

    /** With frozen matrices in 16 bits; the same if they are. */
    private Suggestion withBf16() {
        return run.frozenDtype() == WeightDtype.FP32
                ? with("--frozen-dtype " + WeightDtype.BF16, run.withFrozenDtype(WeightDtype.BF16))
                : this;
    }

    /** With activations made again; the same if they are. */
    private Suggestion withCheckpointing() {
        return run.gradientCheckpointing() ? this : with("--recompute", run.withGradientCheckpointing(true));
    }

    private Suggestion withBatchOfOne() {
        return with("batch 1", run.withBatchSize(1));
    }

    private static List<Suggestion> changes(Suggestion base, MachineMemory machine) {
        PlannedRun run = base.run;
        List<Suggestion> found = new ArrayList<>();
        largest(run.batchSize() - 1, 1, run::withBatchSize, machine)
                .ifPresent(batch -> found.add(base.with("batch " + batch, run.withBatchSize(batch))));
        for (Suggestion change : List.of(base.withBf16(), base.withCheckpointing())) {
            if (change != base && MemoryPlan.of(change.run).fits(machine)) {
                found.add(change);
            }
        }
        int least = (run.config().numImageTokens() + MIN_TEXT_TOKENS + LENGTH_STEP - 1) / LENGTH_STEP;
        largest((run.maxLength() - 1) / LENGTH_STEP, least, n -> run.withMaxLength(n * LENGTH_STEP), machine)
                .map(n -> n * LENGTH_STEP)
                .ifPresent(length -> found.add(base.with("length " + length, run.withMaxLength(length))));
        return found;
    }

    private Suggestion with(String more, PlannedRun changed) {
        return new Suggestion(description.isEmpty() ? more : description + ", " + more, changed);
    }

    /** The largest number of least..most with which a run fits; what it takes grows with it. */
    private static Optional<Integer> largest(int most, int least, IntFunction<PlannedRun> with, MachineMemory machine) {
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
