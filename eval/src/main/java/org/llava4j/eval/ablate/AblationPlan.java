package org.llava4j.eval.ablate;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.JsonInput;

/**
 * What is varied, as a file has it. Paths are relative to where the goal is called.
 *
 * @param base the model to begin with: decoder and tokenizer, its config naming a tower
 * @param captions stage 1's data
 * @param captionImages the folder of its pictures
 * @param data ScienceQA's folder: stage 2 learns from it and all are asked its problems
 * @param split that is asked
 * @param maxProblems asked of it, 0 for all
 * @param stage1 of every variant that has one
 * @param stage2 of every variant
 */
public record AblationPlan(
        String base,
        String captions,
        String captionImages,
        String data,
        String split,
        int maxProblems,
        Recipe stage1,
        Recipe stage2,
        List<Variant> variants) {

    /**
     * A stage.
     *
     * @param recipe one that ships, or a file
     * @param set keys with other values, as {@code --set} has them
     */
    public record Recipe(String recipe, List<String> set) {
        public Recipe {
            set = set == null ? List.of() : List.copyOf(set);
        }
    }

    /**
     * One row of the table.
     *
     * @param withoutStage1 whether stage 2 begins with a fresh projector
     * @param config keys of the base's {@code config.json} with other values
     * @param stage1 keys of stage 1 with other values
     * @param stage2 keys of stage 2 with other values
     * @param sources data of stage 2 in place of {@link AblationPlan#data}
     */
    public record Variant(
            String name,
            boolean withoutStage1,
            Map<String, JsonNode> config,
            List<String> stage1,
            List<String> stage2,
            List<Source> sources) {
        public Variant {
            config = config == null ? Map.of() : Map.copyOf(config);
            stage1 = stage1 == null ? List.of() : List.copyOf(stage1);
            stage2 = stage2 == null ? List.of() : List.copyOf(stage2);
            sources = sources == null ? List.of() : List.copyOf(sources);
        }

        /** The name of its folder. */
        String folder() {
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        }
    }

    /**
     * Data that is mixed.
     *
     * @param weight share of it that is drawn, null where all of it is learned
     */
    public record Source(String data, String images, Double weight) {}

    /** All that is read, by all variants. */
    InputPaths inputs() {
        InputPaths inputs = InputPaths.of(Path.of(base), Path.of(captions), Path.of(data))
                .andWithoutLinks(captionImages == null ? null : Path.of(captionImages))
                .andIfJsonFile(stage1.recipe())
                .andIfJsonFile(stage2.recipe());
        for (Variant variant : variants) {
            for (Source source : variant.sources()) {
                inputs = inputs.and(Path.of(source.data()))
                        .andWithoutLinks(source.images() == null ? null : Path.of(source.images()));
            }
        }
        return inputs;
    }

    /** @throws BadInputException if something is missing, or two variants have one name */
    public static AblationPlan read(Path file) {
        AblationPlan plan = JsonInput.read(file, AblationPlan.class);
        require(plan.base, "base", file);
        require(plan.data, "data", file);
        require(plan.captions, "captions", file);
        require(plan.stage1, "stage1", file);
        require(plan.stage2, "stage2", file);
        if (plan.variants == null || plan.variants.isEmpty()) {
            throw new BadInputException(file + ": \"variants\" is missing; list what is to be compared");
        }
        Set<String> folders = new HashSet<>();
        for (Variant variant : plan.variants) {
            require(variant.name, "name", file);
            if (!folders.add(variant.folder())) {
                throw new BadInputException(file + ": two variants are called \"" + variant.name + "\"; rename one");
            }
        }
        return plan;
    }

    private static void require(Object value, String key, Path file) {
        if (value == null) {
            throw new BadInputException(file + ": \"" + key + "\" is missing; see resources/tiny/ablation.json");
        }
    }
}
