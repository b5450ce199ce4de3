package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.run.GradientWorker;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunOptions.FeatureOptions;
import org.llava4j.train.run.RunOptions.ModelOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settings from which an executor loads a {@link GradientWorker}. Paths are absolute and valid on every machine.
 *
 * @param run id of the run within the Spark application
 * @param stage the stage as JSON
 * @param model model folder
 * @param visionTower CLIP folder; null for the one in the model's config
 * @param projector projector file; null for none
 * @param adapter LoRA adapter that is trained further; null for none
 * @param data data sources
 * @param featureCache folder of the feature cache; null for none
 * @param modelOptions how the model is loaded
 * @param features image features
 * @param identity {@link GradientWorker#identity} of the driver's worker
 */
record GradientWorkerSettings(
        UUID run,
        String stage,
        String model,
        @Nullable String visionTower,
        @Nullable String projector,
        @Nullable String adapter,
        ArrayList<String> data,
        @Nullable String featureCache,
        ModelOptions modelOptions,
        FeatureOptions features,
        LinkedHashMap<String, String> identity)
        implements Serializable {
    private static final Logger LOG = LoggerFactory.getLogger(GradientWorkerSettings.class);

    static GradientWorkerSettings of(Stage stage, RunPaths paths, RunOptions options, GradientWorker worker) {
        List<String> data =
                paths.sources().stream().map(source -> absolute(source.data())).toList();
        return new GradientWorkerSettings(
                UUID.randomUUID(),
                Stages.json(stage),
                absolute(paths.model()),
                absoluteOrNull(paths.visionTower()),
                absoluteOrNull(paths.projector()),
                absoluteOrNull(paths.adapter()),
                new ArrayList<>(data),
                absoluteOrNull(paths.featureCache()),
                options.model(),
                options.features(),
                new LinkedHashMap<>(worker.identity().values()));
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    private static @Nullable String absoluteOrNull(@Nullable Path path) {
        return path == null ? null : absolute(path);
    }

    /**
     * Loads the worker.
     *
     * @throws BadInputException if a folder does not exist on this machine, or has other contents than on the driver's
     */
    GradientWorker load() {
        RunPaths paths = new RunPaths(
                Path.of(model),
                path(visionTower),
                path(projector),
                path(adapter),
                data.stream().map(file -> new DataSource(Path.of(file), null)).toList(),
                Path.of(model),
                path(featureCache));
        RunOptions options = RunOptions.DEFAULT
                .withModel(modelOptions)
                .withFeatures(features)
                .withMachine(null);
        GradientWorker worker = GradientWorker.load(Stages.ofJson(stage), paths, options, true, LOG::info);
        List<String> differences = new Fingerprint(identity).differences(worker.identity());
        if (!differences.isEmpty()) {
            throw new BadInputException("an executor loaded another model than the driver: "
                    + Fingerprint.summarize(differences) + "; give both the same files");
        }
        return worker;
    }

    private static @Nullable Path path(@Nullable String text) {
        return text == null ? null : Path.of(text);
    }
}
