package org.llava4j.data.tokenizer;

import java.util.BitSet;

/**
 * Prompt text whose template and message content are told apart, so that content cannot forge the template's tokens.
 *
 * @param text the whole prompt
 * @param content chars of message content: special and added tokens written there are ordinary text
 * @param images index of the first char of each {@code <image>} that stands for an image
 */
public record PromptText(String text, BitSet content, BitSet images) {
    public PromptText {
        content = (BitSet) content.clone();
        images = (BitSet) images.clone();
    }

    /**
     * Text in which special tokens are tokens wherever they stand.
     *
     * @param withImages whether {@code <image>} stands for an image; otherwise it is text
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

    /** The same text with special tokens recognised in message content too. */
    public PromptText withSpecialTokensInContent() {
        return new PromptText(text, new BitSet(), images);
    }
}
