package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;

/**
 * What a stage trains.
 *
 * @param trainable regular expressions for full names of trainable weights; all others, and always the vision tower,
 *     are frozen
 * @param lora LoRA on the frozen decoder, whose weights {@code trainable} must match; null for none
 * @param freshProjector whether a missing projector is initialized randomly
 */
public record ModelArguments(
        List<String> trainable, @Nullable LoraConfig lora, boolean freshProjector) {

    /** Expression for all LoRA weights. */
    public static final String LORA_WEIGHTS = ".+\\.lora_[AB]\\.weight";

    public ModelArguments {
        trainable = trainable == null ? List.of() : List.copyOf(trainable);
        Checks.require(!trainable.isEmpty(), "trainable", "[]", "select at least one trainable weight");
        Checks.requireRegexes("trainable", trainable);
    }

    /** Whether a weight is trainable. */
    public boolean isTrainable(String weight) {
        return trainable.stream().anyMatch(pattern -> weight.matches(pattern));
    }

    /**
     * Checks {@code trainable} against the weights of a model.
     *
     * @param names names of the weights
     * @param where the model, for the message
     * @throws BadInputException if an expression matches no weight
     */
    public void requireMatches(Collection<String> names, Path where) {
        for (String pattern : trainable) {
            if (names.stream().noneMatch(name -> name.matches(pattern))) {
                throw new BadInputException("\"trainable\" has \"" + pattern + "\", which matches no weight of the"
                        + " projector or decoder of " + where + " (the vision tower is always frozen)");
            }
        }
        if (lora != null) {
            requireOnlyLoraTrainable(names);
        }
    }

    /**
     * An adapter stores only LoRA, projector and image start/end embeddings, so other trained weights would be lost.
     */
    private void requireOnlyLoraTrainable(Collection<String> names) {
        for (String name : names) {
            if (LoraConfig.isLora(name) && !isTrainable(name)) {
                throw new BadInputException(
                        "\"lora\" is set, but \"trainable\" does not match " + name + "; add \"" + LORA_WEIGHTS + "\"");
            }
            boolean stored = LoraConfig.isLora(name)
                    || name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                    || name.equals(ImageStartEndEmbeddings.NAME);
            if (!stored && isTrainable(name)) {
                throw new BadInputException("\"lora\" is set, but \"trainable\" also matches " + name
                        + "; with LoRA only the projector can be trained too (see --stage finetune-lora)");
            }
        }
    }
}
