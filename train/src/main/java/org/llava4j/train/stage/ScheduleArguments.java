package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonAlias;

/**
 * Steps of a stage.
 *
 * @param numTrainEpochs epochs, unless {@code maxSteps} is set
 * @param maxSteps optimizer steps; 0 for {@code numTrainEpochs}
 * @param perDeviceTrainBatchSize batch size of one forward pass
 * @param gradientAccumulationSteps batches per optimizer step, whose gradients are averaged
 */
public record ScheduleArguments(
        @JsonAlias("epochs") int numTrainEpochs,
        int maxSteps,
        @JsonAlias("batchSize") int perDeviceTrainBatchSize,
        @JsonAlias("accumulation") int gradientAccumulationSteps) {

    public ScheduleArguments {
        Checks.requirePositive(numTrainEpochs, "numTrainEpochs");
        Checks.requirePositive(perDeviceTrainBatchSize, "perDeviceTrainBatchSize");
        Checks.requirePositive(gradientAccumulationSteps, "gradientAccumulationSteps");
        Checks.require(maxSteps >= 0, "maxSteps", maxSteps, "use a number of steps, or 0 for numTrainEpochs");
    }

    /** Optimizer steps of a run, given its forward passes per epoch. */
    int totalSteps(int batchesPerEpoch) {
        int perEpoch = (batchesPerEpoch + gradientAccumulationSteps - 1) / gradientAccumulationSteps;
        return maxSteps > 0 ? maxSteps : Math.multiplyExact(perEpoch, numTrainEpochs);
    }
}
