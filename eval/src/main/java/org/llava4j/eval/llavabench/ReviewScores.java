package org.llava4j.eval.llavabench;

/**
 * The judge's scores of two answers.
 *
 * @param first score of the answer shown first, 1 to 10
 * @param second score of the other answer, 1 to 10
 */
record ReviewScores(double first, double second) {

    /** The same scores with the two answers in the other order. */
    ReviewScores swapped() {
        return new ReviewScores(second, first);
    }
}
