package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.run.GradientWorker;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
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
 * @param exifOrientation treatment of the EXIF orientation of images
 * @param featureCacheBytes maximum size of the feature cache on disk
 * @param featureMemoryBytes maximum size of the feature cache in memory
 */
record GradientWorkerSettings(
        UUID run,
        String stage,
        String model,
        @Nullable String visionTower,
        @Nullable String projector,
        ArrayList<String> data,
        @Nullable String featureCache,
        WeightDtype frozenDtype,
        boolean gradientCheckpointing,
        @Nullable ProjectorType projectorType,
        @Nullable Integer selectLayer,
        ExifOrientation exifOrientation,
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
                absoluteOrNull(paths.visionTower()),
                absoluteOrNull(paths.projector()),
                new ArrayList<>(data),
                absoluteOrNull(paths.featureCache()),
                options.frozenDtype(),
                options.gradientCheckpointing(),
                options.projectorType(),
                options.selectLayer(),
                options.exifOrientation(),
                options.featureCacheBytes(),
                options.featureMemoryBytes());
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
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                RunOptions.DEFAULT.checkpointPolicy(),
                null,
                null);
        return GradientWorker.load(Stages.ofJson(stage), paths, options, true, System.err::println);
    }

    private static @Nullable Path path(@Nullable String text) {
        return text == null ? null : Path.of(text);
    }
}
