package org.llava4j.train;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * The paper's schedule: linear warm-up from 0, then half a cosine to 0. The first step's rate is 0 where there is a
 * warm-up, as in the published code.
 *
 * @param peak the learning rate at the end of the warm-up
 * @param warmupSteps steps of warm-up
 * @param totalSteps all steps, the warm-up among them
 */
public record CosineScheduleWithWarmup(double peak, int warmupSteps, int totalSteps) implements ISchedule {

    /** @param warmupRatio share of all steps that warm up; the number is rounded up */
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
