package org.llava4j.train.logging;

import java.util.Objects;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;

/** Measures the speed of a run and creates a {@link Progress} for each step. */
public final class ProgressMeter {
    private final String stage;
    private final int totalSteps;
    private final TrainingTotals before;
    private final long startNanos = System.nanoTime();
    private TrainingTotals measuredFrom;
    private long measuredFromNanos = startNanos;

    /** @param before totals of earlier processes of this run */
    public ProgressMeter(String stage, int totalSteps, TrainingTotals before) {
        this.stage = stage;
        this.totalSteps = totalSteps;
        this.before = before;
        measuredFrom = before;
    }

    public Progress after(Trainer.Step step, TrainingTotals totals) {
        long now = System.nanoTime();
        TrainingTotals from = measuredFrom;
        double seconds = (now - measuredFromNanos) * 1e-9;
        if (from == before) {
            // The first step also builds the graph, so it is not measured.
            measuredFrom = totals;
            measuredFromNanos = now;
        }
        double perStep = seconds / (totals.steps() - from.steps());
        return new Progress(
                stage,
                step,
                totalSteps,
                totals.smoothedLoss(),
                totals.samples(),
                (totals.samples() - from.samples()) / seconds,
                (totals.positions() - from.positions()) / seconds,
                totals.paddingShare(),
                totals.unpackedPaddingShare(),
                totals.targetTokenShare(),
                Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L),
                (now - startNanos) / 1_000_000,
                (long) (1e3 * perStep * (totalSteps - step.step())));
    }
}
