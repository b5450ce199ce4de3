package org.llava4j.testing;

import java.util.ArrayList;
import java.util.List;

/** Settings of stages that train for seconds. */
public final class ShortStage {

    private ShortStage() {}

    /**
     * Settings of a stage that trains a fresh projector with batches of two samples.
     *
     * @param accumulation batches of a step
     * @param more {@code key=value} each
     */
    public static List<String> settings(int accumulation, int maxSteps, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "freshProjector=true",
                "perDeviceTrainBatchSize=2",
                "gradientAccumulationSteps=" + accumulation,
                "maxSteps=" + maxSteps,
                "modelMaxLength=256"));
        settings.addAll(List.of(more));
        return settings;
    }
}
