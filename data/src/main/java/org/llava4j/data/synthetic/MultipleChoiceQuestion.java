package org.llava4j.data.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A multiple-choice question.
 *
 * @param hint what ScienceQA prints as the context; may be empty
 * @param answer index into {@code choices}
 * @param solution why the answer is right
 */
record MultipleChoiceQuestion(String text, String hint, List<String> choices, int answer, String solution) {

    MultipleChoiceQuestion {
        choices = List.copyOf(choices);
    }

    /**
     * Puts the right choice, where choices have no order of their own, where {@code turn} says and the others in random order about it. As turns count up, places
     * go round, and so that any n turns in a row (n choices) have each place once even when a kind goes round its
     * answers by turn as well, each answer meeting each place within n * n turns.
     */
    static MultipleChoiceQuestion of(
            String text,
            String hint,
            String right,
            List<String> wrong,
            int turn,
            String solution,
            SplittableRandom random) {
        List<String> choices = new ArrayList<>(wrong);
        SeededRandom.shuffle(choices, random);
        int n = wrong.size() + 1;
        int answer = (turn + turn / n) % n;
        choices.add(answer, right);
        return new MultipleChoiceQuestion(text, hint, choices, answer, solution);
    }
}
