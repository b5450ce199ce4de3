package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.stage.DataSource;
import org.llava4j.train.stage.GradientWorker;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Settings from which an executor loads a {@link GradientWorker}. Paths are absolute and valid on every machine.
 *
 * @param run id of the run within the Spark application
 * @param stage the stage as JSON
 * @param model model folder
 * @param visionTower CLIP folder; null for the one in the model's config
 * @param projector projector file; null for none
 * @param data data sources
 * @param featureCache folder of the feature cache; null for none
 * @param frozenDtype dtype of frozen matrices in memory
 * @param gradientCheckpointing whether activations are recomputed in the backward pass
 * @param projectorType for a model without projector; null otherwise
 * @param selectLayer layer of the vision tower; null for the model's
 * @param featureCacheBytes maximum size of the feature cache on disk
 * @param featureMemoryBytes maximum size of the feature cache in memory
 */
record GradientWorkerSettings(
        UUID run,
        String stage,
        String model,
        String visionTower,
        String projector,
        ArrayList<String> data,
        String featureCache,
        WeightDtype frozenDtype,
        boolean gradientCheckpointing,
        ProjectorType projectorType,
        Integer selectLayer,
        long featureCacheBytes,
        long featureMemoryBytes)
        implements Serializable {

    static GradientWorkerSettings of(Stage stage, RunPaths paths, RunOptions options) {
        List<String> data =
                paths.sources().stream().map(source -> absolute(source.data())).toList();
        return new GradientWorkerSettings(
                UUID.randomUUID(),
                Stages.json(stage),
                absolute(paths.model()),
                absolute(paths.visionTower()),
                absolute(paths.projector()),
                new ArrayList<>(data),
                absolute(paths.featureCache()),
                options.frozenDtype(),
                options.gradientCheckpointing(),
                options.projectorType().orElse(null),
                options.selectLayer().orElse(null),
                options.featureCacheBytes(),
                options.featureMemoryBytes());
    }

    private static String absolute(Path path) {
        return path == null ? null : path.toAbsolutePath().normalize().toString();
    }

    /**
     * Loads the worker.
     *
     * @throws org.llava4j.data.BadInputException if a folder does not exist on this machine
     */
    GradientWorker load() {
        RunPaths paths = new RunPaths(
                Path.of(model),
                path(visionTower),
                path(projector),
                data.stream().map(file -> new DataSource(Path.of(file), null)).toList(),
                Path.of(model),
                path(featureCache));
        RunOptions options = new RunOptions(
                RunOptions.DEFAULT.saveType(),
                frozenDtype,
                gradientCheckpointing,
                Optional.ofNullable(projectorType),
                Optional.ofNullable(selectLayer),
                featureCacheBytes,
                featureMemoryBytes,
                RunOptions.DEFAULT.checkpointPolicy(),
                Optional.empty(),
                Optional.empty());
        return GradientWorker.load(Stages.ofJson(stage), paths, options, true, System.err::println);
    }

    private static Path path(String text) {
        return text == null ? null : Path.of(text);
    }
}
