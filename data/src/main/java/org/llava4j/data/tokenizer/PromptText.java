package org.llava4j.data.tokenizer;

import java.util.BitSet;

/**
 * Prompt text that separates template from message content, so that content cannot inject special tokens.
 *
 * @param text the whole prompt
 * @param content chars of message content, in which special and added tokens are ordinary text
 * @param images index of the first char of each {@code <image>} placeholder
 */
public record PromptText(String text, BitSet content, BitSet images) {
    public PromptText {
        content = (BitSet) content.clone();
        images = (BitSet) images.clone();
    }

    /**
     * Creates a prompt in which special tokens are recognized everywhere.
     *
     * @param withImages whether {@code <image>} is an image placeholder; otherwise it is text
     */
    static PromptText allTemplate(String text, boolean withImages) {
        BitSet images = new BitSet();
        int at = withImages ? text.indexOf(LlamaTokenizer.IMAGE_TEXT) : -1;
        while (at >= 0) {
            images.set(at);
            at = text.indexOf(LlamaTokenizer.IMAGE_TEXT, at + LlamaTokenizer.IMAGE_TEXT.length());
        }
        return new PromptText(text, new BitSet(), images);
    }

    /** This prompt as message content only: special tokens in it are ordinary text. */
    PromptText withoutSpecialTokens() {
        BitSet all = new BitSet();
        all.set(0, text.length());
        return new PromptText(text, all, images);
    }

    /** This prompt with special tokens recognized in message content too. */
    public PromptText withSpecialTokensInContent() {
        return new PromptText(text, new BitSet(), images);
    }
}
