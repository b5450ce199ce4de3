package org.llava4j.train.stage;

import java.nio.file.Path;

/**
 * What a run reads and where it writes.
 *
 * @param model the LLaVA or LLaMA folder to begin with
 * @param visionTower the CLIP folder; null for the one that the model's config names
 * @param projector a projector of its own file (what stage 1 wrote), taken before any in {@code model}; null for none
 * @param data LLaVA's conversation JSON, or ScienceQA's folder
 * @param images the folder that pictures are named from
 * @param output the folder to write, new, empty or a former output
 * @param featureCache the folder where the tower's features are kept beyond this run; null for nowhere
 */
public record RunPaths(
        Path model, Path visionTower, Path projector, Path data, Path images, Path output, Path featureCache) {

    /** A model with all its parts, and features kept in memory only. */
    public static RunPaths of(Path model, Path data, Path images, Path output) {
        return new RunPaths(model, null, null, data, images, output, null);
    }

    /** The same model with other data and another output. */
    public RunPaths of(Path otherData, Path otherImages, Path otherOutput) {
        return new RunPaths(model, visionTower, projector, otherData, otherImages, otherOutput, featureCache);
    }

    public RunPaths withVisionTower(Path folder) {
        return new RunPaths(model, folder, projector, data, images, output, featureCache);
    }

    public RunPaths withProjector(Path file) {
        return new RunPaths(model, visionTower, file, data, images, output, featureCache);
    }

    public RunPaths withFeatureCache(Path folder) {
        return new RunPaths(model, visionTower, projector, data, images, output, folder);
    }
}
