package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.lora.Lora;
import org.llava4j.train.CosineScheduleWithWarmup;

/**
 * Training stage as data (paper, section 4.2): trainable weights, data format, hyperparameters. {@link Stages} loads
 * the shipped stages and those of users.
 *
 * <p>In a stage's file all values are in one JSON object, so the order of components is the order of keys.
 *
 * @param name name of the stage's runs
 * @param model what it trains
 * @param data format of its data
 * @param limits how much may go wrong
 * @param optimizer learning rate and AdamW
 * @param schedule steps and batch sizes
 * @param seed seed of the data order, of random initial weights and of dropout
 */
public record Stage(
        String name,
        @JsonUnwrapped ModelArguments model,
        @JsonUnwrapped DataArguments data,
        @JsonUnwrapped LimitArguments limits,
        @JsonProperty("optimizerArguments") @JsonUnwrapped OptimizerArguments optimizer,
        @JsonUnwrapped ScheduleArguments schedule,
        long seed) {

    /** @throws org.llava4j.data.BadInputException if the name is missing */
    public Stage {
        Checks.requirePresent(name, "name");
    }

    /** LoRA of the graph; null for none. */
    public @Nullable Lora graphLora() {
        return model.lora() == null ? null : new Lora(model.lora(), seed);
    }

    /**
     * Learning rate of each step of a run.
     *
     * @param batchesPerEpoch forward passes per epoch
     * @throws org.llava4j.data.BadInputException if the run would consist of warmup only
     */
    public CosineScheduleWithWarmup learningRates(int batchesPerEpoch) {
        return optimizer.learningRates(schedule.totalSteps(batchesPerEpoch));
    }
}
