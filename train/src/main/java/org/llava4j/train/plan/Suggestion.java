package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.llava4j.model.weights.WeightDtype;

/**
 * Suggested change of settings that makes a run fit into a machine.
 *
 * @param description of the change
 * @param run the run with the change
 */
record Suggestion(String description, PlannedRun run) {
    /** Text tokens that a suggested length must leave beside the image tokens. */
    private static final int MIN_TEXT_TOKENS = 32;

    private static final int LENGTH_STEP = 8;

    /**
     * Returns changes that make a run fit into a machine: single changes, or, if none suffices, the first combination that does.
     *
     * @return empty if no change suffices
     */
    static List<Suggestion> thatFit(MemoryPlan plan, MachineMemory machine) {
        Predicate<PlannedRun> fits = run -> plan.withRun(run).fits(machine);
        Suggestion unchanged = new Suggestion("", plan.run());
        Suggestion bf16 = unchanged.withBf16();
        Suggestion checkpointing = unchanged.withCheckpointing();
        Suggestion q4 = unchanged.withQ4();
        for (Suggestion base : List.of(
                unchanged,
                bf16,
                checkpointing,
                bf16.withCheckpointing(),
                unchanged.withBatchOfOne(),
                bf16.withBatchOfOne(),
                checkpointing.withBatchOfOne(),
                bf16.withCheckpointing().withBatchOfOne(),
                // Last, because it changes the frozen weights most.
                q4,
                q4.withCheckpointing(),
                q4.withCheckpointing().withBatchOfOne())) {
            List<Suggestion> found = changes(base, fits);
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    /** Returns single changes that reduce the memory of a run, regardless of any machine. */
    static List<Suggestion> thatNeedLess(MemoryPlan plan) {
        PlannedRun run = plan.run();
        Suggestion unchanged = new Suggestion("", run);
        int half = (run.batchSize() + 1) / 2;
        return Stream.of(
                        unchanged.with("batch size " + half, run.withBatchSize(half)),
                        unchanged.withBf16(),
                        unchanged.withCheckpointing())
                .filter(change -> plan.withRun(change.run).neededBytes() < plan.neededBytes())
                .toList();
    }

    /** With frozen matrices in bf16; unchanged if they already are in 16 bits. */
    private Suggestion withBf16() {
        return run.frozenDtype() == WeightDtype.FP32
                ? with("--frozen-dtype " + WeightDtype.BF16, run.withFrozenDtype(WeightDtype.BF16))
                : this;
    }

    /** With frozen matrices in q4; unchanged if they already are quantized, or as stored. */
    private Suggestion withQ4() {
        WeightDtype dtype = run.frozenDtype();
        return dtype.isQuantized() || dtype == WeightDtype.STORED
                ? this
                : with("--frozen-dtype " + WeightDtype.Q4, run.withFrozenDtype(WeightDtype.Q4));
    }

    /** With gradient checkpointing; unchanged if already enabled. */
    private Suggestion withCheckpointing() {
        return run.gradientCheckpointing()
                ? this
                : with("--gradient-checkpointing", run.withGradientCheckpointing(true));
    }

    private Suggestion withBatchOfOne() {
        return with("batch size 1", run.withBatchSize(1));
    }

    private static List<Suggestion> changes(Suggestion base, Predicate<PlannedRun> fits) {
        PlannedRun run = base.run;
        List<Suggestion> found = new ArrayList<>();
        int batch = largest(run.batchSize() - 1, 1, run::withBatchSize, fits);
        if (batch > 0) {
            found.add(base.with("batch size " + batch, run.withBatchSize(batch)));
        }
        for (Suggestion change : List.of(base.withBf16(), base.withCheckpointing())) {
            if (change != base && fits.test(change.run)) {
                found.add(change);
            }
        }
        int minSteps = (run.config().numImageTokens() + MIN_TEXT_TOKENS + LENGTH_STEP - 1) / LENGTH_STEP;
        int length = LENGTH_STEP
                * largest((run.maxLength() - 1) / LENGTH_STEP, minSteps, n -> run.withMaxLength(n * LENGTH_STEP), fits);
        if (length > 0) {
            found.add(base.with("length " + length, run.withMaxLength(length)));
        }
        return found;
    }

    private Suggestion with(String change, PlannedRun changed) {
        return new Suggestion(description.isEmpty() ? change : description + ", " + change, changed);
    }

    /** The largest number in least..most with which a run fits, or 0 if none; its memory grows with the number. */
    private static int largest(int most, int least, IntFunction<PlannedRun> with, Predicate<PlannedRun> fits) {
        if (most < least || !fits.test(with.apply(least))) {
            return 0;
        }
        int fitting = least;
        int tooMuch = most + 1;
        while (tooMuch - fitting > 1) {
            int middle = (fitting + tooMuch) >>> 1;
            if (fits.test(with.apply(middle))) {
                fitting = middle;
            } else {
                tooMuch = middle;
            }
        }
        return fitting;
    }
}
