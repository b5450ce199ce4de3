package org.llava4j.eval.ablate;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.JsonInput;

/**
 * Ablation plan, as read from its JSON file. Relative paths are resolved against the working directory.
 *
 * @param base base model: decoder, tokenizer and a config that names a vision tower
 * @param captions training data of stage 1
 * @param captionImages image folder of stage 1; null for the default of its data
 * @param data ScienceQA folder: training data of stage 2 and the evaluated problems
 * @param split evaluated split; null for the test split
 * @param maxProblems number of evaluated problems, 0 for all
 * @param stage1 recipe of stage 1, for the variants that train it
 * @param stage2 recipe of stage 2
 */
record AblationPlan(
        String base,
        String captions,
        @Nullable String captionImages,
        String data,
        @Nullable String split,
        int maxProblems,
        Recipe stage1,
        Recipe stage2,
        List<Variant> variants) {

    /**
     * A training stage.
     *
     * @param recipe name of a built-in recipe, or a recipe file
     * @param set overrides, as {@code --set} takes them
     */
    record Recipe(String recipe, List<String> set) {
        public Recipe {
            set = set == null ? List.of() : List.copyOf(set);
        }
    }

    /**
     * A variant: one row of the table.
     *
     * @param withoutStage1 whether stage 2 starts from a freshly initialized projector
     * @param config overrides of the base model's {@code config.json}
     * @param stage1 overrides of the recipe of stage 1
     * @param stage2 overrides of the recipe of stage 2
     * @param sources training data of stage 2 that replaces {@link AblationPlan#data}
     */
    record Variant(
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

        /** Folder name of the variant. */
        String folder() {
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        }
    }

    /**
     * A data source of a mixture.
     *
     * @param images image folder; null for the default of the data
     * @param weight sampling weight; null to use every sample once
     */
    record Source(
            String data, @Nullable String images, @Nullable Double weight) {}

    /** Input files of all variants. */
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

    /**
     * Reads a plan.
     *
     * @throws BadInputException if a required key is missing or two variants have the same name
     */
    static AblationPlan read(Path file) {
        AblationPlan plan = JsonInput.read(file, AblationPlan.class);
        require(plan.base, "base", file);
        require(plan.data, "data", file);
        require(plan.captions, "captions", file);
        require(plan.stage1, "stage1", file);
        require(plan.stage2, "stage2", file);
        if (plan.variants == null || plan.variants.isEmpty()) {
            throw new BadInputException(file + ": \"variants\" is missing; list the variants to compare");
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

    private static void require(@Nullable Object value, String key, Path file) {
        if (value == null) {
            throw new BadInputException(file + ": \"" + key + "\" is missing; see resources/tiny/ablation.json");
        }
    }
}
