package org.llava4j.data.conversation;

import java.util.BitSet;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.PromptText;

/** Text of a conversation, built turn by turn, with its target characters, message content and images marked. */
final class TemplateText {
    private final TurnLayout layout;
    private final StringBuilder text = new StringBuilder();
    private final BitSet targets = new BitSet();
    private final BitSet content = new BitSet();
    private final BitSet images = new BitSet();

    TemplateText(String system, TurnLayout layout) {
        this.layout = layout;
        text.append(system).append(layout.afterSystem());
    }

    private TemplateText(TurnLayout layout) {
        this.layout = layout;
    }

    /** Creates a text that begins with the user's system prompt in place of the template's own. */
    static TemplateText withSystemContent(String system, TurnLayout layout) {
        TemplateText text = new TemplateText(layout);
        text.addContent(system);
        text.text.append(layout.afterSystem());
        return text;
    }

    void add(Turn turn) {
        add(turn, "");
    }

    /**
     * Adds a turn.
     *
     * @param imageMark placeholder of an image in a question, or empty where {@code <image>} is ordinary text
     */
    void add(Turn turn, String imageMark) {
        if (turn.isHuman()) {
            String question = layout.dropInstruction()
                    ? LlamaTokenizer.IMAGE_TEXT.repeat(ImageMarkup.count(turn.value()))
                    : turn.value();
            text.append(layout.beforeQuestion());
            int from = text.length();
            addContent(question);
            markImages(from, layout.dropInstruction() && !imageMark.isEmpty() ? LlamaTokenizer.IMAGE_TEXT : imageMark);
            text.append(layout.afterQuestion());
            return;
        }
        text.append(layout.answerCue());
        int from = text.length();
        text.append(layout.beforeAnswer());
        addContent(turn.value());
        text.append(layout.answerEnd());
        targets.set(from, text.length());
        text.append(layout.afterAnswer());
    }

    void addGenerationPrompt() {
        text.append(layout.answerCue());
    }

    /** Adds the prefix of an answer. */
    void addAnswerPrefix(String prefix) {
        text.append(layout.beforeAnswer());
        addContent(prefix);
    }

    private void addContent(String message) {
        content.set(text.length(), text.length() + message.length());
        text.append(message);
    }

    private void markImages(int from, String mark) {
        int at = mark.isEmpty() ? -1 : text.indexOf(mark, from);
        while (at >= 0) {
            content.clear(at, at + mark.length());
            images.set(at + mark.indexOf(LlamaTokenizer.IMAGE_TEXT));
            at = text.indexOf(mark, at + mark.length());
        }
    }

    String text() {
        return text.toString();
    }

    /** Returns the text as a prompt, with its message content and images marked. */
    PromptText prompt() {
        return new PromptText(text(), content, images);
    }

    /** Tests whether the character at {@code index} is a training target. */
    boolean isTarget(int index) {
        return targets.get(index);
    }
}
