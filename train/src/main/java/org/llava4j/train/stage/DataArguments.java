package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonAlias;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.SizeLimits;

/**
 * Format of a stage's data, and how samples become sequences and batches.
 *
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
 * @param groupByModalityLength LLaVA's {@code group_by_modality_length}: the samples of an optimizer step all have images
 *     or are all text-only; {@code bucketingWindowBatches} counts batches of one modality
 * @param packing whether the samples of a batch are packed into one row without padding between them; each attends to
 *     itself only, so that the loss is that of the unpacked batch
 */
public record DataArguments(
        DataFormat dataFormat,
        @JsonAlias("answerFormat") @Nullable ScienceQaPrompt promptFormat,
        @Nullable String split,
        String convMode,
        boolean imageFirst,
        AspectRatio imageAspectRatio,
        @JsonAlias("maxLength") int modelMaxLength,
        @JsonAlias("lengthMultiple") int padToMultipleOf,
        @JsonAlias("sortedBatches") int bucketingWindowBatches,
        boolean groupByModalityLength,
        boolean packing) {

    /** Format of a stage's data. */
    public enum DataFormat {
        /** LLaVA's conversation JSON. */
        CONVERSATIONS,
        /** ScienceQA's {@code problems.json} and {@code pid_splits.json}. */
        SCIENCEQA,
        /** Both in one run: a data source that is a file has conversations, one that is a folder is ScienceQA's. */
        MIXED
    }

    /**
     * How a stage reads ScienceQA.
     *
     * @param promptFormat parts of an answer
     * @param split split to train on
     */
    public record ScienceQaFormat(ScienceQaPrompt promptFormat, String split) {}

    public DataArguments {
        Checks.requirePresent(dataFormat, "dataFormat");
        Checks.requirePresent(convMode, "convMode");
        Checks.requirePresent(imageAspectRatio, "imageAspectRatio");
        requireOnlyForScienceQa(promptFormat, "promptFormat", dataFormat);
        requireOnlyForScienceQa(split, "split", dataFormat);
        SizeLimits.requireContextLength("modelMaxLength", modelMaxLength);
        Checks.requirePositive(padToMultipleOf, "padToMultipleOf");
        Checks.requirePositive(bucketingWindowBatches, "bucketingWindowBatches");
    }

    private static void requireOnlyForScienceQa(@Nullable Object value, String key, DataFormat format) {
        Checks.require(
                (format != DataFormat.CONVERSATIONS) == (value != null),
                key,
                value,
                "ScienceQA needs it, conversations have none; dataFormat is " + format);
    }

    /** How it reads ScienceQA; null for conversations alone. */
    public @Nullable ScienceQaFormat scienceQa() {
        return promptFormat == null || split == null ? null : new ScienceQaFormat(promptFormat, split);
    }

    /** Conversation template and image placement. */
    public ChatFormat chatFormat() {
        return new ChatFormat(ConversationTemplates.of(convMode), imageFirst);
    }
}
