package org.llava4j.data.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Multiple-choice question.
 *
 * @param text the question
 * @param hint ScienceQA's context; may be empty
 * @param choices the choices
 * @param answer index of the correct choice
 * @param solution why the answer is correct
 */
record MultipleChoiceQuestion(String text, String hint, List<String> choices, int answer, String solution) {

    MultipleChoiceQuestion {
        choices = List.copyOf(choices);
    }

    /**
     * Creates a question whose choices have no natural order. The position of the correct choice depends on {@code
     * turn}, the others are shuffled around it. In any n consecutive turns (n choices) each position occurs once, even
     * if the type cycles through its answers by turn as well, and each answer occurs at each position within n * n
     * turns.
     */
    static MultipleChoiceQuestion of(
            String text,
            String hint,
            String correct,
            List<String> incorrect,
            int turn,
            String solution,
            SplittableRandom random) {
        List<String> choices = new ArrayList<>(incorrect);
        SeededRandom.shuffle(choices, random);
        int n = incorrect.size() + 1;
        int answer = (turn + turn / n) % n;
        choices.add(answer, correct);
        return new MultipleChoiceQuestion(text, hint, choices, answer, solution);
    }
}
