package org.llava4j.data.conversation;

import java.util.BitSet;
import org.llava4j.data.text.LlamaTokenizer;

/** A conversation's text as it grows turn by turn, with a mark on each char that a model learns to write. */
final class TemplateText {
    private final TurnLayout layout;
    private final StringBuilder text = new StringBuilder();
    private final BitSet learned = new BitSet();

    TemplateText(String system, TurnLayout layout) {
        this.layout = layout;
        text.append(system).append(layout.afterSystem());
    }

    void add(Turn turn) {
        if (turn.isHuman()) {
            String question = layout.dropInstruction()
                    ? LlamaTokenizer.IMAGE_TEXT.repeat(ImageMarkup.count(turn.value()))
                    : turn.value();
            text.append(layout.beforeQuestion()).append(question).append(layout.afterQuestion());
            return;
        }
        text.append(layout.answerCue());
        int from = text.length();
        text.append(layout.beforeAnswer()).append(turn.value()).append(layout.answerEnd());
        learned.set(from, text.length());
        text.append(layout.afterAnswer());
    }

    void addCue() {
        text.append(layout.answerCue());
    }

    String text() {
        return text.toString();
    }

    /** Whether a model learns to write the char at {@code index}. */
    boolean isLearned(int index) {
        return learned.get(index);
    }
}
