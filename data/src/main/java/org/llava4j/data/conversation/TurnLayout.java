package org.llava4j.data.conversation;

import org.llava4j.data.BadInputException;

/**
 * The fixed text around turns. A conversation is the system message and {@code afterSystem}, then for each question
 * {@code beforeQuestion}, the question, {@code afterQuestion}, and for each answer {@code answerCue},
 * {@code beforeAnswer}, the answer, {@code answerEnd}, {@code afterAnswer}. From {@code beforeAnswer} to
 * {@code answerEnd} is what a model learns to write (paper, equation 3 and table 2: the answers and their stops).
 *
 * @param dropInstruction whether of a question only its images are kept (stage 1: captions)
 * @param answerCue ends a prompt that asks for an answer
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
            throw new BadInputException("\"answerEnd\" is empty; a model would never learn to stop");
        }
    }

    private static void require(String value, String key) {
        if (value == null) {
            throw new BadInputException("\"" + key + "\" is missing; write \"\" where a template has no such text");
        }
    }
}
