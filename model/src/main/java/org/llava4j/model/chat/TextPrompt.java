package org.llava4j.model.chat;

/**
 * A text that the model continues as it is, without chat template and images. The BOS token precedes it, as in every prompt.
 * {@code <image>} is ordinary text.
 *
 * @param text the text
 * @param specialTokensInText whether special tokens in the text, such as {@code </s>}, are parsed as tokens; otherwise they
 *     are ordinary text
 */
public record TextPrompt(String text, boolean specialTokensInText) {
    /** A prompt in which special tokens are ordinary text. */
    public static TextPrompt of(String text) {
        return new TextPrompt(text, false);
    }
}
