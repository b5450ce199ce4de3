package org.llava4j.data.conversation;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Labels of the published code for template v0, for those who repeat a published run. The code tokenizes the system
 * prompt and each turn separately, and takes the token counts as positions in the tokenized conversation. Of each turn
 * only the question after its first two tokens is ignored. So the role marker before each answer is a target too: five
 * tokens per answer, and three per conversation. Each count includes a begin-of-sequence token that the conversation
 * has only once. With LLaMA's tokenizer this makes up for {@code ###}, which is one token at the start of a text and two
 * inside; with another tokenizer the positions drift from turn to turn.
 */
final class PublishedV0Labels {
    private static final String BEGIN = "### ";
    private static final String END = "\n";
    /** Number of tokens at the start of a question's part that stay targets. */
    private static final int ROLE_TOKENS = 2;

    private final LlamaTokenizer tokenizer;
    private final ConversationTemplate template;
    private final boolean images;

    /** @param images whether {@code <image>} is an image placeholder */
    PublishedV0Labels(LlamaTokenizer tokenizer, ConversationTemplate template, boolean images) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.images = images;
    }

    /**
     * Checks that a layout has the separators of template v0.
     *
     * @throws BadInputException if it has others
     */
    static void requireV0(TurnLayout layout) {
        if (!layout.afterSystem().endsWith(BEGIN)
                || !layout.afterQuestion().equals(END + BEGIN)
                || !(layout.answerEnd() + layout.afterAnswer()).equals(END + BEGIN)) {
            throw new BadInputException("\"targets\" is " + TargetRule.V0_PUBLISHED
                    + ", but the training layout is not that of template v0; remove \"targets\"");
        }
    }

    /**
     * Returns the labels of an encoded conversation.
     *
     * @param ids {@code int32[T]} of the whole conversation
     * @param ownSystem system prompt of the sample, in place of the template's; null for the template's own
     * @param turns turns as encoded, with image markup
     */
    int[] of(int[] ids, @Nullable String ownSystem, List<Turn> turns) {
        int[] labels = ids.clone();
        TurnLayout layout = template.training();
        String header = (ownSystem == null ? template.system() : ownSystem)
                + layout.afterSystem().substring(0, layout.afterSystem().length() - BEGIN.length());
        int at = count(header);
        ignore(labels, 0, at);
        for (Turn turn : turns) {
            String role = turn.isHuman() ? layout.beforeQuestion() : layout.answerCue() + layout.beforeAnswer();
            int tokens = count(BEGIN + role + turn.value() + END);
            if (turn.isHuman()) {
                ignore(labels, at + ROLE_TOKENS, at + tokens);
            }
            at += tokens;
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == LlamaTokenizer.IMAGE_TOKEN_ID) {
                labels[i] = EncodedSample.IGNORE_INDEX;
            }
        }
        return labels;
    }

    private int count(String text) {
        return tokenizer.encodePrompt(text, images).ids().length;
    }

    private static void ignore(int[] labels, int from, int to) {
        if (from < labels.length && from < to) {
            Arrays.fill(labels, from, Math.min(to, labels.length), EncodedSample.IGNORE_INDEX);
        }
    }
}
