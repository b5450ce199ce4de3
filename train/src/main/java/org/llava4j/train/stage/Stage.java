package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonAlias;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;

/**
 * Training stage as data (paper, section 4.2): trainable weights, data format, hyperparameters. {@link Stages} loads
 * the shipped stages and those of users.
 *
 * @param name name of the stage's runs
 * @param trainable regular expressions for full names of trainable weights; all others, and always the vision tower,
 *     are frozen
 * @param lora LoRA on the frozen decoder, whose weights {@code trainable} must match; null for none
 * @param freshProjector whether a missing projector is initialized randomly
 * @param dataFormat format of the data
 * @param promptFormat parts of a ScienceQA answer; null for conversations
 * @param split ScienceQA split to train on; null for conversations
 * @param convMode conversation template: a built-in name or a JSON file
 * @param imageFirst whether images are moved to the start of their turn, as in LLaVA since July 2023
 * @param imageAspectRatio how images are made square
 * @param modelMaxLength maximum length of a sequence including image tokens; longer ones are truncated
 * @param padToMultipleOf batches are padded to a multiple of this (or to {@code modelMaxLength}), to limit the number
 *     of different shapes
 * @param bucketingWindowBatches length-grouped batching: samples of this many batches are sorted by length together; 1
 *     keeps the shuffled order
 * @param maxBadSamples invalid samples (no target tokens, broken, image missing or corrupt) that are skipped per epoch
 *     and logged; one more ends the run
 * @param maxBadSteps steps that may be rejected because their loss or gradient is NaN or infinite or because of a loss
 *     spike; one more ends the run
 * @param explodingLoss a loss is a spike if it is this many times the smoothed loss, and 1 nat above it, after 20
 *     accepted steps; likewise if it raises the smoothed loss this far above its lowest value; 0 for no limit
 * @param learningRate at the end of the warmup
 * @param mmProjectorLr learning rate of the projector, with the same schedule; null for the common one
 * @param warmupRatio share of the steps with learning-rate warmup, at least 0 and less than 1
 * @param optimizer AdamW's hyperparameters
 * @param noDecay regular expressions for full names of weights without weight decay; if empty and there is weight
 *     decay, {@link #NORMS_AND_BIASES}, as in LLaVA's trainer
 * @param numTrainEpochs epochs, unless {@code maxSteps} is set
 * @param maxSteps optimizer steps; 0 for {@code numTrainEpochs}
 * @param perDeviceTrainBatchSize batch size of one forward pass
 * @param gradientAccumulationSteps batches per optimizer step, whose gradients are averaged
 * @param seed seed of the data order, of random initial weights and of dropout
 */
public record Stage(
        String name,
        List<String> trainable,
        @Nullable LoraConfig lora,
        boolean freshProjector,
        DataFormat dataFormat,
        @JsonAlias("answerFormat") @Nullable ScienceQaPrompt promptFormat,
        @Nullable String split,
        String convMode,
        boolean imageFirst,
        AspectRatio imageAspectRatio,
        @JsonAlias("maxLength") int modelMaxLength,
        @JsonAlias("lengthMultiple") int padToMultipleOf,
        @JsonAlias("sortedBatches") int bucketingWindowBatches,
        int maxBadSamples,
        int maxBadSteps,
        double explodingLoss,
        double learningRate,
        @JsonAlias("projectorLearningRate") @Nullable Double mmProjectorLr,
        double warmupRatio,
        AdamW.Settings optimizer,
        List<String> noDecay,
        @JsonAlias("epochs") int numTrainEpochs,
        int maxSteps,
        @JsonAlias("batchSize") int perDeviceTrainBatchSize,
        @JsonAlias("accumulation") int gradientAccumulationSteps,
        long seed) {

    /** Expressions for the weights of normalization layers and all biases. */
    public static final List<String> NORMS_AND_BIASES = List.of("(.+\\.)?\\w*norm\\.weight", "(.+\\.)?bias");

    /** Expression for all LoRA weights. */
    static final String LORA_WEIGHTS = ".+\\.lora_[AB]\\.weight";

    /** Format of a stage's data. */
    public enum DataFormat {
        /** LLaVA's conversation JSON. */
        CONVERSATIONS,
        /** ScienceQA's {@code problems.json} and {@code pid_splits.json}. */
        SCIENCEQA
    }

    /**
     * How a stage reads ScienceQA.
     *
     * @param promptFormat parts of an answer
     * @param split split to train on
     */
    record ScienceQaFormat(ScienceQaPrompt promptFormat, String split) {}

    public Stage {
        requirePresent(name, "name");
        requirePresent(dataFormat, "dataFormat");
        requirePresent(convMode, "convMode");
        requirePresent(imageAspectRatio, "imageAspectRatio");
        requirePresent(optimizer, "optimizer");
        trainable = trainable == null ? List.of() : List.copyOf(trainable);
        require(!trainable.isEmpty(), "trainable", "[]", "select at least one trainable weight");
        trainable.forEach(pattern -> requireRegex("trainable", pattern));
        noDecay = noDecay(noDecay == null ? List.of() : noDecay, optimizer.weightDecay());
        noDecay.forEach(pattern -> requireRegex("noDecay", pattern));
        boolean scienceQa = dataFormat == DataFormat.SCIENCEQA;
        require(
                scienceQa == (promptFormat != null),
                "promptFormat",
                promptFormat,
                "ScienceQA needs it, conversations have none; dataFormat is " + dataFormat);
        require(
                scienceQa == (split != null),
                "split",
                split,
                "ScienceQA needs it, conversations have none; dataFormat is " + dataFormat);
        requirePositive(modelMaxLength, "modelMaxLength");
        requirePositive(padToMultipleOf, "padToMultipleOf");
        requirePositive(bucketingWindowBatches, "bucketingWindowBatches");
        requirePositive(numTrainEpochs, "numTrainEpochs");
        requirePositive(perDeviceTrainBatchSize, "perDeviceTrainBatchSize");
        requirePositive(gradientAccumulationSteps, "gradientAccumulationSteps");
        require(maxBadSamples >= 0, "maxBadSamples", maxBadSamples, "it must be at least 0");
        require(maxBadSteps >= 0, "maxBadSteps", maxBadSteps, "it must be at least 0");
        require(
                explodingLoss == 0 || (explodingLoss > 1 && !Double.isInfinite(explodingLoss)),
                "explodingLoss",
                explodingLoss,
                "use a factor greater than 1, or 0 for no limit");
        require(maxSteps >= 0, "maxSteps", maxSteps, "use a number of steps, or 0 for numTrainEpochs");
        require(learningRate > 0 && learningRate < 1, "learningRate", learningRate, "it must be between 0 and 1");
        require(
                mmProjectorLr == null || (mmProjectorLr > 0 && mmProjectorLr < 1),
                "mmProjectorLr",
                mmProjectorLr,
                "it must be between 0 and 1, or null for the common one");
        require(
                warmupRatio >= 0 && warmupRatio < 1,
                "warmupRatio",
                warmupRatio,
                "it must be at least 0 and less than 1");
        require(
                optimizer.maxGradNorm() > 0 && optimizer.weightDecay() >= 0 && optimizer.eps() > 0,
                "optimizer",
                optimizer,
                "maxGradNorm and eps must be greater than 0, weightDecay at least 0");
        require(
                noDecay.isEmpty() || optimizer.weightDecay() > 0,
                "noDecay",
                noDecay,
                "it has no effect because \"weightDecay\" of \"optimizer\" is " + optimizer.weightDecay());
        require(
                isBeta(optimizer.beta1()) && isBeta(optimizer.beta2()),
                "optimizer",
                optimizer,
                "beta1 and beta2 must be at least 0 and less than 1");
    }

    /** Makes the default explicit, so that the identity of a run shows it. */
    private static List<String> noDecay(List<String> given, double weightDecay) {
        if (weightDecay == 0 && given.equals(NORMS_AND_BIASES)) {
            return List.of();
        }
        return weightDecay > 0 && given.isEmpty() ? NORMS_AND_BIASES : List.copyOf(given);
    }

    /** How it reads ScienceQA; null for conversations. */
    @Nullable
    ScienceQaFormat scienceQa() {
        return promptFormat == null || split == null ? null : new ScienceQaFormat(promptFormat, split);
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
    void requireMatches(Collection<String> names, Path where) {
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

    /** LoRA of the graph; null for none. */
    @Nullable
    Lora graphLora() {
        return lora == null ? null : new Lora(lora, seed);
    }

    /**
     * Learning-rate schedule of a run.
     *
     * @param batchesPerEpoch forward passes per epoch
     * @throws BadInputException if the run would consist of warmup only
     */
    CosineScheduleWithWarmup schedule(int batchesPerEpoch) {
        int perEpoch = (batchesPerEpoch + gradientAccumulationSteps - 1) / gradientAccumulationSteps;
        int total = maxSteps > 0 ? maxSteps : Math.multiplyExact(perEpoch, numTrainEpochs);
        CosineScheduleWithWarmup schedule = CosineScheduleWithWarmup.of(learningRate, warmupRatio, total);
        if (schedule.warmupSteps() >= total) {
            throw new BadInputException("all " + total + " step(s) of the run would be warmup (\"warmupRatio\" is "
                    + warmupRatio + "); use more steps or a ratio of 0");
        }
        return schedule;
    }

    /** Optimizer with the parameter groups of the stage. */
    AdamW adamW() {
        double projectorScale = mmProjectorLr == null ? 1 : mmProjectorLr / learningRate;
        return new AdamW(
                optimizer,
                name -> new AdamW.ParameterGroup(
                        name.startsWith(Checkpoint.PROJECTOR_PREFIX) ? projectorScale : 1,
                        noDecay.stream().noneMatch(pattern -> name.matches(pattern))));
    }

    /** Conversation template and image placement. */
    public ChatFormat chatFormat() {
        return new ChatFormat(ConversationTemplates.of(convMode), imageFirst);
    }

    private static boolean isBeta(double value) {
        return value >= 0 && value < 1;
    }

    private static void requireRegex(String key, String pattern) {
        try {
            Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new BadInputException(
                    "\"" + key + "\" has \"" + pattern + "\", which is not a valid regular expression: "
                            + e.getDescription(),
                    e);
        }
    }

    private static void requirePresent(@Nullable Object value, String key) {
        require(value != null, key, null, "it must be set");
    }

    private static void requirePositive(int value, String key) {
        require(value > 0, key, value, "it must be at least 1");
    }

    private static void require(boolean holds, String key, @Nullable Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" is " + value + "; " + what);
        }
    }
}
