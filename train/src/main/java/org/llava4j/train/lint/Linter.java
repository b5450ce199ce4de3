package org.llava4j.train.lint;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.ConversationDataset;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.NoTargetTokensException;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.SeededHash;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Linter of training samples, which reads them with the same code as training.
 *
 * @param encoder tokenizes and labels samples
 * @param collatorOptions maximum length and image tokens
 */
record Linter(ConversationEncoder encoder, CollatorOptions collatorOptions) {
    /**
     * Collects the results of all samples.
     *
     * @param linted results in the order of the samples
     * @param examples number of samples that the report shows token by token
     */
    LintReport report(Iterator<LintedSample> linted, int examples) {
        LintReport report = new LintReport(encoder, collatorOptions, examples);
        Set<Long> seen = new HashSet<>();
        linted.forEachRemaining(sample -> {
            if (sample.encoded() != null && !seen.add(sample.contentHash())) {
                sample.findings()
                        .add(new LintFinding(
                                LintRule.DUPLICATE, sample.number(), sample.where(), LintRule.DUPLICATE.description()));
            }
            report.add(sample);
        });
        return report;
    }

    /** Lints one sample. */
    LintedSample sample(ConversationDataset samples, int number) {
        String where = samples.where(number);
        List<LintFinding> findings = new ArrayList<>();
        Conversation conversation =
                resultOrFinding(LintRule.INVALID_SAMPLE, number, where, findings, () -> samples.get(number));
        if (conversation == null) {
            return new LintedSample(number, where, "", null, 0, 0, 0, 0, findings);
        }
        for (String image : conversation.images()) {
            resultOrFinding(
                    LintRule.UNREADABLE_IMAGE,
                    number,
                    where,
                    findings,
                    () -> ImageFiles.read(samples.image(number, image)));
        }
        EncodedSample encoded =
                resultOrFinding(LintRule.INVALID_SAMPLE, number, where, findings, () -> encoder.encode(conversation));
        if (encoded == null) {
            return new LintedSample(number, where, conversation.id(), null, 0, 0, images(conversation), 0, findings);
        }
        int length = BatchLayout.expandedLength(encoded.inputIds(), collatorOptions.numImageTokens());
        if (!BatchLayout.hasTarget(encoded, collatorOptions)) {
            findings.add(new LintFinding(
                    LintRule.NO_TARGET_TOKENS,
                    number,
                    where,
                    "its answers start after the maximum length of " + collatorOptions.maxLength()));
        } else if (length > collatorOptions.maxLength()) {
            findings.add(new LintFinding(
                    LintRule.TRUNCATED,
                    number,
                    where,
                    "has " + length + " tokens; truncated to " + collatorOptions.maxLength()));
        }
        if (!conversation.hasImages()
                && conversation.turns().stream().anyMatch(turn -> turn.value().contains(LlamaTokenizer.IMAGE_TEXT))) {
            findings.add(new LintFinding(
                    LintRule.STRAY_IMAGE_TOKEN, number, where, LintRule.STRAY_IMAGE_TOKEN.description()));
        }
        return new LintedSample(
                number,
                where,
                conversation.id(),
                encoded,
                length,
                targetTokens(encoded),
                images(conversation),
                hash(conversation),
                findings);
    }

    private static int images(Conversation conversation) {
        return conversation.images().size();
    }

    private static long hash(Conversation conversation) {
        return SeededHash.bits(
                0, conversation.images().toString(), conversation.turns().toString());
    }

    /** Labels within the maximum length. */
    private int targetTokens(EncodedSample sample) {
        int position = 0;
        int count = 0;
        for (int i = 0; i < sample.inputIds().length; i++) {
            position += sample.inputIds()[i] == LlamaTokenizer.IMAGE_TOKEN_ID ? collatorOptions.numImageTokens() : 1;
            boolean label = sample.labels()[i] != EncodedSample.IGNORE_INDEX;
            count += label && position <= collatorOptions.maxLength() ? 1 : 0;
        }
        return count;
    }

    /** Result of a task, or null with an added finding if it fails. */
    private static <T> @Nullable T resultOrFinding(
            LintRule otherRule, int number, String where, List<LintFinding> findings, Supplier<T> task) {
        try {
            return task.get();
        } catch (FileChangedException e) {
            throw e;
        } catch (NoTargetTokensException e) {
            findings.add(new LintFinding(LintRule.NO_TARGET_TOKENS, number, where, e.getMessage()));
        } catch (BadInputException e) {
            LintRule rule = e.getMessage().contains("images but its text refers to")
                    ? LintRule.IMAGE_COUNT_MISMATCH
                    : otherRule;
            findings.add(new LintFinding(rule, number, where, e.getMessage().replace(where + ": ", "")));
        }
        return null;
    }
}
