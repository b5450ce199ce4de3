package org.llava4j.train.run;

import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.plan.JvmMemory;
import org.llava4j.train.plan.PlannedRun;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;
import org.llava4j.train.stage.Stage;

/** Conversion of a stage into the input of the memory planner. */
public final class StagePlan {

    private StagePlan() {}

    /**
     * @param stage the stage
     * @param config model configuration
     * @param options options of the run
     * @param samples number of samples; null if unknown; with few images the feature cache needs less memory
     * @param weights opens the model's weights, whose sizes are needed if frozen ones are as stored
     */
    public static PlannedRun of(
            Stage stage, LlavaConfig config, RunOptions options, @Nullable Long samples, Supplier<Checkpoint> weights) {
        long perImage = (long) config.numImageTokens() * config.vision().hiddenSize() * Float.BYTES;
        long maxBytes = options.features().memoryBytes();
        long features = samples == null ? maxBytes : Math.min(maxBytes, samples * perImage);
        return new PlannedRun(
                config,
                stage.model().lora(),
                stage.model()::isTrainable,
                TowerPlacement.SEPARATE,
                options.model().frozenDtype(),
                stage.schedule().perDeviceTrainBatchSize(),
                stage.data().modelMaxLength(),
                0,
                stage.schedule().gradientAccumulationSteps(),
                options.model().gradientCheckpointing(),
                multipleOfSizes(stage),
                features,
                JvmMemory.heapBytes(),
                options.model().frozenDtype() == WeightDtype.STORED ? storedBytes(weights) : Map.of());
    }

    /**
     * What the sizes of batches are multiples of. A packed batch needs at most the memory of the unpacked one, which the
     * planner traces, but its size in positions is rounded once and not for each sample, so that there are more sizes.
     */
    private static int multipleOfSizes(Stage stage) {
        int multiple = stage.data().padToMultipleOf();
        return stage.data().packing() ? Math.max(1, multiple / stage.schedule().perDeviceTrainBatchSize()) : multiple;
    }

    private static Map<String, Long> storedBytes(Supplier<Checkpoint> weights) {
        try (Checkpoint opened = weights.get()) {
            return opened.storedBytes();
        }
    }
}
