package org.llava4j.train.stage;

import java.util.Optional;
import java.util.OptionalLong;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.plan.JvmMemory;
import org.llava4j.train.plan.PlannedRun;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;

/** A stage as the planner takes it. */
final class StagePlan {

    private StagePlan() {}

    /**
     * @param config the model
     * @param samples how many there are, if that is known: few pictures do not fill the features' memory
     */
    static PlannedRun of(Stage stage, LlavaConfig config, RunOptions options, OptionalLong samples) {
        long perImage = (long) config.numImageTokens() * config.vision().hiddenSize() * Float.BYTES;
        long most = options.featureMemoryBytes();
        long features = samples.isPresent() ? Math.min(most, samples.getAsLong() * perImage) : most;
        return new PlannedRun(
                config,
                Optional.ofNullable(stage.lora()),
                stage::isTrainable,
                TowerPlacement.SEPARATE,
                options.frozenDtype(),
                stage.batchSize(),
                stage.maxLength(),
                0,
                stage.accumulation(),
                options.gradientCheckpointing(),
                stage.lengthMultiple(),
                features,
                JvmMemory.heapBytes());
    }
}
