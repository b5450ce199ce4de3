package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
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
 * A stage of training as data (paper, section 4.2). {@link Stages} has the shipped ones and reads others.
 *
 * @param name what its runs are called
 * @param trainable regular expressions, each matching whole names of weights that learn; all others are frozen, and
 *     the vision tower always is
 * @param lora what is added to the frozen decoder and learns in its place, a group of weights that {@code trainable} must
 *     name; null for none
 * @param freshProjector whether a projector begins with random weights where no file has one
 * @param dataFormat what the data is
 * @param answerFormat what a ScienceQA answer consists of; null for conversations
 * @param split which of ScienceQA's splits is learned; null for conversations
 * @param convMode conversation template: a built-in name or a JSON file
 * @param imageFirst whether images are moved to the front of their turn, as published since July 2023
 * @param imageAspectRatio what happens to pictures that are not square
 * @param maxLength of a sequence with its image vectors; what is beyond is cut off
 * @param lengthMultiple batches are padded to a multiple of this (or to {@code maxLength}), so that few different
 *     shapes occur
 * @param sortedBatches so many batches' worth of samples are sorted by length together; 1 keeps the shuffled order
 * @param maxBadSamples so many samples of an epoch that are no good (nothing to learn, broken, a picture missing or
 *     corrupt) are passed over and listed; one more ends the run
 * @param maxBadSteps so many steps whose loss or gradient is not a number, or whose loss explodes, are passed over and
 *     told with their samples; one more ends the run
 * @param explodingLoss a loss explodes that is so many times the smoothed loss, and 1 nat above it, after 20 good steps;
 *     and one that brings the smoothed loss so far above its lowest value; 0 for no such limit
 * @param learningRate at the end of the warm-up
 * @param projectorLearningRate the projector's own, in the same course; null for the common one
 * @param warmupRatio share of the steps that warm up, 0 up to but not 1
 * @param optimizer AdamW's numbers
 * @param noDecay regular expressions, each matching whole names of weights that do not decay; where it is empty and
 *     there is weight decay, {@link #NORMS_AND_BIASES}, as LLaVA's trainer has it
 * @param epochs passes over the data, unless {@code maxSteps} says otherwise
 * @param maxSteps optimiser steps; 0 for as many as the epochs have
 * @param batchSize rows of one forward pass
 * @param accumulation forward passes of one optimiser step; their gradients are averaged
 * @param seed of the data's order, of a fresh projector, and of what begins and is dropped in LoRA
 */
public record Stage(
        String name,
        List<String> trainable,
        LoraConfig lora,
        boolean freshProjector,
        DataFormat dataFormat,
        ScienceQaPrompt answerFormat,
        String split,
        String convMode,
        boolean imageFirst,
        AspectRatio imageAspectRatio,
        int maxLength,
        int lengthMultiple,
        int sortedBatches,
        int maxBadSamples,
        int maxBadSteps,
        double explodingLoss,
        double learningRate,
        Double projectorLearningRate,
        double warmupRatio,
        AdamW.Settings optimizer,
        List<String> noDecay,
        int epochs,
        int maxSteps,
        int batchSize,
        int accumulation,
        long seed) {

    /** The weights of normalization layers, and all biases. */
    public static final List<String> NORMS_AND_BIASES = List.of("(.+\\.)?\\w*norm\\.weight", "(.+\\.)?bias");

    /** An expression for all weights of LoRA. */
    static final String LORA_WEIGHTS = ".+\\.lora_[AB]\\.weight";

    /** What a stage's data is. */
    public enum DataFormat {
        /** LLaVA's conversation JSON. */
        CONVERSATIONS,
        /** ScienceQA's {@code problems.json} and {@code pid_splits.json}. */
        SCIENCEQA
    }

    public Stage {
        requirePresent(name, "name");
        requirePresent(dataFormat, "dataFormat");
        requirePresent(convMode, "convMode");
        requirePresent(imageAspectRatio, "imageAspectRatio");
        requirePresent(optimizer, "optimizer");
        trainable = trainable == null ? List.of() : List.copyOf(trainable);
        require(!trainable.isEmpty(), "trainable", "[]", "name at least one weight that learns");
        trainable.forEach(pattern -> requireRegex("trainable", pattern));
        noDecay = noDecay(noDecay == null ? List.of() : noDecay, optimizer.weightDecay());
        noDecay.forEach(pattern -> requireRegex("noDecay", pattern));
        boolean scienceQa = dataFormat == DataFormat.SCIENCEQA;
        require(
                scienceQa == (answerFormat != null),
                "answerFormat",
                answerFormat,
                "dataFormat is " + dataFormat + "; ScienceQA needs one, conversations have none");
        require(
                scienceQa == (split != null),
                "split",
                split,
                "dataFormat is " + dataFormat + "; ScienceQA needs one, conversations have none");
        requirePositive(maxLength, "maxLength");
        requirePositive(lengthMultiple, "lengthMultiple");
        requirePositive(sortedBatches, "sortedBatches");
        requirePositive(epochs, "epochs");
        requirePositive(batchSize, "batchSize");
        requirePositive(accumulation, "accumulation");
        require(maxBadSamples >= 0, "maxBadSamples", maxBadSamples, "give 0 or more");
        require(maxBadSteps >= 0, "maxBadSteps", maxBadSteps, "give 0 or more");
        require(
                explodingLoss == 0 || (explodingLoss > 1 && !Double.isInfinite(explodingLoss)),
                "explodingLoss",
                explodingLoss,
                "give a factor above 1, or 0 for no limit");
        require(maxSteps >= 0, "maxSteps", maxSteps, "give 0 for whole epochs, or a number of steps");
        require(learningRate > 0 && learningRate < 1, "learningRate", learningRate, "give a number between 0 and 1");
        require(
                projectorLearningRate == null || (projectorLearningRate > 0 && projectorLearningRate < 1),
                "projectorLearningRate",
                projectorLearningRate,
                "give a number between 0 and 1, or null for the common one");
        require(warmupRatio >= 0 && warmupRatio < 1, "warmupRatio", warmupRatio, "give 0 or more, and less than 1");
        require(
                optimizer.maxGradNorm() > 0 && optimizer.weightDecay() >= 0 && optimizer.eps() > 0,
                "optimizer",
                optimizer,
                "maxGradNorm and eps must be above 0, weightDecay not below");
        require(
                noDecay.isEmpty() || optimizer.weightDecay() > 0,
                "noDecay",
                noDecay,
                "but \"weightDecay\" of \"optimizer\" is " + optimizer.weightDecay() + "; nothing decays at all");
        require(
                isBeta(optimizer.beta1()) && isBeta(optimizer.beta2()),
                "optimizer",
                optimizer,
                "beta1 and beta2 must be 0 or more, and less than 1");
    }

    /** The default is written out: a checkpoint of a run with another one is of another run. */
    private static List<String> noDecay(List<String> given, double weightDecay) {
        if (weightDecay == 0 && given.equals(NORMS_AND_BIASES)) {
            return List.of();
        }
        return weightDecay > 0 && given.isEmpty() ? NORMS_AND_BIASES : List.copyOf(given);
    }

    /** Whether a weight learns. */
    public boolean isTrainable(String weight) {
        return trainable.stream().anyMatch(pattern -> weight.matches(pattern));
    }

    /**
     * Holds what is trainable against the names of a model's weights.
     *
     * @param where the model, for the message
     * @throws BadInputException if an expression matches none
     */
    void requireMatches(Collection<String> names, Path where) {
        for (String pattern : trainable) {
            if (names.stream().noneMatch(name -> name.matches(pattern))) {
                throw new BadInputException("\"trainable\" has \"" + pattern + "\", which matches no weight of the"
                        + " projector or decoder of " + where + " (the tower never learns)");
            }
        }
        if (lora != null) {
            requireOnlyLoraTrainable(names);
        }
    }

    /** An adapter holds LoRA and what stage 1 hands on; anything else that learned would be lost. */
    private void requireOnlyLoraTrainable(Collection<String> names) {
        for (String name : names) {
            if (LoraConfig.isLora(name) && !isTrainable(name)) {
                throw new BadInputException("\"lora\" is given, but \"trainable\" does not match " + name
                        + ", which then never learns; add \"" + LORA_WEIGHTS + "\"");
            }
            boolean kept = LoraConfig.isLora(name)
                    || name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                    || name.equals(ImageStartEndEmbeddings.NAME);
            if (!kept && isTrainable(name)) {
                throw new BadInputException("\"lora\" is given, but \"trainable\" matches " + name
                        + " too; beside LoRA only the projector learns (recipe finetune-lora)");
            }
        }
    }

    /** What a graph is built with. */
    Optional<Lora> graphLora() {
        return Optional.ofNullable(lora).map(config -> new Lora(config, seed));
    }

    /**
     * The schedule of a run.
     *
     * @param batchesPerEpoch forward passes of one pass over the data
     * @throws BadInputException if it would only warm up
     */
    CosineScheduleWithWarmup schedule(int batchesPerEpoch) {
        int perEpoch = (batchesPerEpoch + accumulation - 1) / accumulation;
        int total = maxSteps > 0 ? maxSteps : Math.multiplyExact(perEpoch, epochs);
        CosineScheduleWithWarmup schedule = CosineScheduleWithWarmup.of(learningRate, warmupRatio, total);
        if (schedule.warmupSteps() >= total) {
            throw new BadInputException("a run of " + total + " step(s) would only warm up (\"warmupRatio\" is "
                    + warmupRatio + ") and learn nothing; give it more steps or a ratio of 0");
        }
        return schedule;
    }

    /** The optimiser, with what differs between weights. */
    AdamW adamW() {
        double own = projectorLearningRate == null ? 1 : projectorLearningRate / learningRate;
        return new AdamW(
                optimizer,
                name -> new AdamW.ParameterGroup(
                        name.startsWith(Checkpoint.PROJECTOR_PREFIX) ? own : 1,
                        noDecay.stream().noneMatch(pattern -> name.matches(pattern))));
    }

    /** How the model is taught to converse. */
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
                    "\"" + key + "\" has \"" + pattern + "\", which is no regular expression: " + e.getDescription(),
                    e);
        }
    }

    private static void requirePresent(Object value, String key) {
        require(value != null, key, null, "it must be given");
    }

    private static void requirePositive(int value, String key) {
        require(value > 0, key, value, "give 1 or more");
    }

    private static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" is " + value + "; " + what);
        }
    }
}
