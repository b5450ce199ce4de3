package org.llava4j.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Settings and flags of stages that train for seconds. */
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

    /** The same settings as flags of a training command, for steps of one batch with a learning rate of 1e-3. */
    public static List<String> settingFlags(int maxSteps) {
        return List.of(
                "--fresh-projector",
                "--learning-rate",
                "1e-3",
                "--model-max-length",
                "256",
                "--per-device-train-batch-size",
                "2",
                "--gradient-accumulation-steps",
                "1",
                "--max-steps",
                String.valueOf(maxSteps));
    }

    /** Flags of a training command: the inputs, with the tower and the images of the golden files, and the output. */
    public static List<String> pathFlags(Path model, Path data, Path output) {
        return List.of(
                "--model-path", model.toString(),
                "--vision-tower", ModelFolders.TOWER.toString(),
                "--data-path", data.toString(),
                "--image-folder", ModelFolders.IMAGES.toString(),
                "--output-dir", output.toString());
    }
}
