package org.llava4j.train;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Learning rate schedule of the paper: linear warmup from 0, then cosine decay to 0. With warmup the learning rate of
 * the first step is 0, as in Hugging Face's {@code get_cosine_schedule_with_warmup}.
 *
 * @param peak learning rate at the end of the warmup
 * @param warmupSteps number of warmup steps
 * @param totalSteps number of all steps, including warmup
 */
public record CosineScheduleWithWarmup(
        @JsonProperty("peak") double peak,
        @JsonProperty("warmupSteps") int warmupSteps,
        @JsonProperty("totalSteps") int totalSteps)
        implements ISchedule {

    /** Creator for ND4J, whose JSON of a graph includes the schedule. */
    @JsonCreator
    public CosineScheduleWithWarmup {}

    /**
     * @param peak learning rate at the end of the warmup
     * @param warmupRatio share of all steps that warm up; the number of steps is rounded up
     * @param totalSteps number of all steps
     */
    public static CosineScheduleWithWarmup of(double peak, double warmupRatio, int totalSteps) {
        return new CosineScheduleWithWarmup(peak, (int) Math.ceil(totalSteps * warmupRatio), totalSteps);
    }

    /** @param step counted from 0 */
    public double learningRate(int step) {
        if (step < warmupSteps) {
            return peak * step / Math.max(1, warmupSteps);
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return peak * Math.max(0.0, 0.5 * (1.0 + Math.cos(Math.PI * progress)));
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return learningRate(iteration);
    }

    @Override
    public ISchedule clone() {
        return this;
    }
}
