package org.llava4j.eval.llavabench;

/**
 * A judge's scores for the two answers that it was shown.
 *
 * @param first score of the answer that stood first, 1 to 10
 * @param second score of the other
 */
record ReviewScores(double first, double second) {

    /** The same scores with the two answers in the other order. */
    ReviewScores swapped() {
        return new ReviewScores(second, first);
    }
}
