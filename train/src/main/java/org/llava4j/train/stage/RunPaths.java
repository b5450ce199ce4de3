package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.llava4j.data.BadInputException;

/**
 * What a run reads and where it writes.
 *
 * @param model the LLaVA or LLaMA folder to begin with
 * @param visionTower the CLIP folder; null for the one that the model's config names
 * @param projector a projector of its own file (what stage 1 wrote), taken before any in {@code model}; null for none
 * @param sources what is learned, one or more; without weights each of their samples comes once an epoch, with weights,
 *     which then all have, they are drawn by them
 * @param output the folder to write, new, empty or a former output
 * @param featureCache the folder where the tower's features are kept beyond this run; null for nowhere
 */
public record RunPaths(
        Path model, Path visionTower, Path projector, List<DataSource> sources, Path output, Path featureCache) {

    /** @throws BadInputException if there is no source, one is named twice, or only some of them have a weight */
    public RunPaths {
        sources = List.copyOf(sources);
        if (sources.isEmpty()) {
            throw new BadInputException("there is no data to learn from; name a file or folder");
        }
        Set<Path> met = new HashSet<>();
        for (DataSource source : sources) {
            if (!met.add(source.data().toAbsolutePath().normalize())) {
                throw new BadInputException(source.data()
                        + " is named twice among the sources of data; name it once, with a greater weight if it shall be"
                        + " drawn more often");
            }
        }
        long weighted = sources.stream()
                .map(DataSource::weight)
                .filter(Objects::nonNull)
                .count();
        if (weighted > 0 && weighted < sources.size()) {
            throw new BadInputException(weighted + " of " + sources.size()
                    + " sources of data have a weight; give one to each of them, or to none");
        }
    }

    /** A model with all its parts, one source of data, and features kept in memory only. */
    public static RunPaths of(Path model, Path data, Path images, Path output) {
        return new RunPaths(model, null, null, List.of(new DataSource(data, images)), output, null);
    }

    /** The same model with other data and another output. */
    public RunPaths of(Path otherData, Path otherImages, Path otherOutput) {
        return of(List.of(new DataSource(otherData, otherImages)), otherOutput);
    }

    /** The same model with other data and another output. */
    public RunPaths of(List<DataSource> others, Path otherOutput) {
        return new RunPaths(model, visionTower, projector, others, otherOutput, featureCache);
    }

    /** The weight of each source; none where each sample comes once an epoch. */
    List<Double> weights() {
        return sources.stream().map(DataSource::weight).filter(Objects::nonNull).toList();
    }

    public RunPaths withSources(List<DataSource> others) {
        return of(others, output);
    }

    public RunPaths withVisionTower(Path folder) {
        return new RunPaths(model, folder, projector, sources, output, featureCache);
    }

    public RunPaths withProjector(Path file) {
        return new RunPaths(model, visionTower, file, sources, output, featureCache);
    }

    public RunPaths withFeatureCache(Path folder) {
        return new RunPaths(model, visionTower, projector, sources, output, folder);
    }
}
