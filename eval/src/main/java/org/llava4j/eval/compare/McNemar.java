package org.llava4j.eval.compare;

import java.util.List;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;

/**
 * Whether two models that answered the same problems differ (McNemar 1947): only problems count that one of them got
 * right and the other did not.
 *
 * @param both right in both
 * @param onlyA right in the first alone
 * @param onlyB right in the second alone
 * @param neither right in none
 */
public record McNemar(int both, int onlyA, int onlyB, int neither) {
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
        return both + onlyA + onlyB + neither;
    }

    /** Accuracy of the second less that of the first. */
    public double difference() {
        return (double) (onlyB - onlyA) / total();
    }

    /** Half of the width of the difference's 95 % interval (Wald's, of paired proportions). */
    public double halfWidth() {
        double n = total();
        double apart = onlyB - onlyA;
        return Z * Math.sqrt(onlyA + onlyB - apart * apart / n) / n;
    }

    /** The exact two-sided p-value: how often a fair coin would part the two at least so far. */
    public double p() {
        int n = onlyA + onlyB;
        int fewer = Math.min(onlyA, onlyB);
        double tail = 0;
        double logOfCoefficient = 0; // of n over k
        for (int k = 0; k <= fewer; k++) {
            tail += Math.exp(logOfCoefficient - n * Math.log(2));
            logOfCoefficient += Math.log(n - k) - Math.log(k + 1);
        }
        return Math.min(1, 2 * tail);
    }
}
