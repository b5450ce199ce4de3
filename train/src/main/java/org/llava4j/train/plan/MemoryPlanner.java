package org.llava4j.train.plan;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.kernels.MetaKernels;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;

/**
 * Planner of similar runs. Runs that differ only in batch size, length, accumulation or dtype have the same graphs, which
 * are traced once.
 */
final class MemoryPlanner {
    private final Map<Graphs, StepTrace> traces = new HashMap<>();

    /** What the graphs of a run depend on. */
    private record Graphs(
            LlavaConfig config,
            @Nullable LoraConfig lora,
            Predicate<String> trainable,
            TowerPlacement tower,
            boolean gradientCheckpointing) {
        static Graphs of(PlannedRun run) {
            return new Graphs(run.config(), run.lora(), run.trainable(), run.tower(), run.gradientCheckpointing());
        }
    }

    /** Plans a run without reading or creating any weight. */
    MemoryPlan plan(PlannedRun run) {
        return MemoryPlan.of(run, this);
    }

    synchronized StepTrace trace(PlannedRun run) {
        return traces.computeIfAbsent(Graphs.of(run), graphs -> {
            // Kernels count rows as int; only a replay has the sizes of the run.
            PlannedRun smallest =
                    run.withBatchSize(1).withMaxLength(run.config().numImageTokens() + 1);
            return StepTrace.of(smallest, MetaKernels.ignoring());
        });
    }
}
