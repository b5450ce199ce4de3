package org.llava4j.eval.compare;

import java.util.List;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;

/**
 * Whether two models that answered the same problems differ (McNemar 1947): only problems count that one of them got
 * right and the other did not.
 *
 * @param bothCorrect right in both
 * @param onlyFirstCorrect right in the first alone
 * @param onlySecondCorrect right in the second alone
 * @param neitherCorrect right in none
 */
public record McNemar(int bothCorrect, int onlyFirstCorrect, int onlySecondCorrect, int neitherCorrect) {
    private static final double Z = 1.959963984540054;

    /** Counts of two gradings over the given problems, all of which both must contain. */
    public static McNemar of(List<ScienceQaProblem> problems, ScienceQaGrading a, ScienceQaGrading b) {
        int[] counts = new int[4];
        for (ScienceQaProblem problem : problems) {
            counts[(a.isCorrect(problem) ? 0 : 2) + (b.isCorrect(problem) ? 0 : 1)]++;
        }
        return new McNemar(counts[0], counts[1], counts[2], counts[3]);
    }

    public int total() {
        return bothCorrect + onlyFirstCorrect + onlySecondCorrect + neitherCorrect;
    }

    /** Accuracy of the second less that of the first. */
    public double difference() {
        return (double) (onlySecondCorrect - onlyFirstCorrect) / total();
    }

    /** Half of the width of the difference's 95 % interval (Wald's, of paired proportions). */
    public double halfWidth() {
        double n = total();
        double apart = onlySecondCorrect - onlyFirstCorrect;
        return Z * Math.sqrt(onlyFirstCorrect + onlySecondCorrect - apart * apart / n) / n;
    }

    /** The exact two-sided p-value: how often a fair coin would part the two at least so far. */
    public double pValue() {
        int n = onlyFirstCorrect + onlySecondCorrect;
        int fewer = Math.min(onlyFirstCorrect, onlySecondCorrect);
        double tail = 0;
        double logOfCoefficient = 0; // of n over k
        for (int k = 0; k <= fewer; k++) {
            tail += Math.exp(logOfCoefficient - n * Math.log(2));
            logOfCoefficient += Math.log(n - k) - Math.log(k + 1);
        }
        return Math.min(1, 2 * tail);
    }
}
