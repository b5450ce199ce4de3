package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.InitialAdapter;
import org.llava4j.model.weights.VisionTowerResolver;
import org.llava4j.train.data.DataSource;

/**
 * Inputs and output of a run.
 *
 * @param model LLaVA or LLaMA folder with the initial weights
 * @param visionTower CLIP folder; null for the one in the model's config
 * @param projector projector file (stage 1's result), which replaces any in {@code model}; null for none
 * @param adapter LoRA adapter of {@code model} that a LoRA stage trains further; null for a new one
 * @param sources training data; either all sources have a sampling weight, or none has and each sample is seen once per
 *     epoch
 * @param output folder to write: new, empty or a former output
 * @param featureCache folder of a persistent feature cache; null for none
 */
public record RunPaths(
        Path model,
        @Nullable Path visionTower,
        @Nullable Path projector,
        @Nullable Path adapter,
        List<DataSource> sources,
        Path output,
        @Nullable Path featureCache) {

    /** Inputs and output of a run that trains no adapter further. */
    public RunPaths(
            Path model,
            @Nullable Path visionTower,
            @Nullable Path projector,
            List<DataSource> sources,
            Path output,
            @Nullable Path featureCache) {
        this(model, visionTower, projector, null, sources, output, featureCache);
    }

    /**
     * @throws BadInputException if there is no source, a source is repeated, or only some sources have a weight
     */
    public RunPaths {
        sources = List.copyOf(sources);
        if (sources.isEmpty()) {
            throw new BadInputException("no training data; set --data-path");
        }
        Set<Path> seen = new HashSet<>();
        for (DataSource source : sources) {
            if (!seen.add(source.data().toAbsolutePath().normalize())) {
                throw new BadInputException(source.data()
                        + " is given twice as data source; give it once, with a larger weight to sample it"
                        + " more often");
            }
        }
        long weighted = sources.stream()
                .map(DataSource::weight)
                .filter(Objects::nonNull)
                .count();
        if (weighted > 0 && weighted < sources.size()) {
            throw new BadInputException(weighted + " of " + sources.size()
                    + " data sources have a weight; set one for each source, or for none");
        }
    }

    /** A complete model and one data source, without a persistent feature cache. */
    public static RunPaths of(Path model, Path data, @Nullable Path images, Path output) {
        return new RunPaths(model, null, null, List.of(new DataSource(data, images)), output, null);
    }

    /** The same model with other data and another output. */
    public RunPaths of(Path otherData, @Nullable Path otherImages, Path otherOutput) {
        return of(List.of(new DataSource(otherData, otherImages)), otherOutput);
    }

    /** The same model with other data and another output. */
    public RunPaths of(List<DataSource> others, Path otherOutput) {
        return new RunPaths(model, visionTower, projector, adapter, others, otherOutput, featureCache);
    }

    /** Folder of the vision tower. */
    Path towerFolder() {
        boolean named = visionTower != null || adapter == null || LlavaConfig.isLlava(model);
        return towerFolder(named ? model : configFolder(), visionTower);
    }

    /** Folder whose {@code config.json} configures the model: the adapter if it has a LLaVA's, else the model. */
    Path configFolder() {
        return InitialAdapter.configFolder(model, adapter);
    }

    /**
     * The given vision tower, or the one in the model's config.
     *
     * @throws BadInputException if neither exists
     */
    public static Path towerFolder(Path model, @Nullable Path given) {
        if (given == null && !LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + ": config.json has no \"mm_vision_tower\"; set --vision-tower");
        }
        return VisionTowerResolver.resolve(model, given);
    }

    /** The same with other data sources. */
    public RunPaths withSources(List<DataSource> others) {
        return of(others, output);
    }

    /** The same with another vision tower. */
    public RunPaths withVisionTower(@Nullable Path folder) {
        return new RunPaths(model, folder, projector, adapter, sources, output, featureCache);
    }

    /** The same with another projector file. */
    public RunPaths withProjector(@Nullable Path file) {
        return new RunPaths(model, visionTower, file, adapter, sources, output, featureCache);
    }

    /** The same with an adapter that is trained further; {@link AdapterStart} gives a stage its rank and targets. */
    public RunPaths withAdapter(@Nullable Path folder) {
        return new RunPaths(model, visionTower, projector, folder, sources, output, featureCache);
    }

    /** The same with another feature cache. */
    public RunPaths withFeatureCache(@Nullable Path folder) {
        return new RunPaths(model, visionTower, projector, adapter, sources, output, folder);
    }
}
