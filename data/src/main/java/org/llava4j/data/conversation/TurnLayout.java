package org.llava4j.data.conversation;

import org.llava4j.data.BadInputException;

/**
 * Separators of a conversation template. A conversation is the system prompt and {@code afterSystem}, then for each
 * question {@code beforeQuestion}, the question, {@code afterQuestion}, and for each answer {@code answerCue}, {@code
 * beforeAnswer}, the answer, {@code answerEnd}, {@code afterAnswer}. The training targets reach from {@code
 * beforeAnswer} to {@code answerEnd} (paper, equation 3 and table 2: the answers and their stop strings).
 *
 * @param dropInstruction whether a question is reduced to its images (stage 1: captions)
 * @param answerCue generation prompt: ends a prompt
 */
public record TurnLayout(
        String afterSystem,
        boolean dropInstruction,
        String beforeQuestion,
        String afterQuestion,
        String answerCue,
        String beforeAnswer,
        String answerEnd,
        String afterAnswer) {

    public TurnLayout {
        require(afterSystem, "afterSystem");
        require(beforeQuestion, "beforeQuestion");
        require(afterQuestion, "afterQuestion");
        require(answerCue, "answerCue");
        require(beforeAnswer, "beforeAnswer");
        require(answerEnd, "answerEnd");
        require(afterAnswer, "afterAnswer");
        if (answerEnd.isEmpty()) {
            throw new BadInputException("\"answerEnd\" is empty; write a stop string, which ends generation");
        }
    }

    private static void require(String value, String key) {
        if (value == null) {
            throw new BadInputException("\"" + key + "\" is missing; write \"\" if the template has no such text");
        }
    }
}
