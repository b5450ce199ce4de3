package org.llava4j.eval.compare;

import java.util.List;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;

/**
 * McNemar's test (McNemar 1947) of whether two models differ in accuracy on the same problems. It uses only the
 * problems that exactly one of the models answers correctly.
 *
 * @param bothCorrect problems that both answer correctly
 * @param onlyFirstCorrect problems that only the first answers correctly
 * @param onlySecondCorrect problems that only the second answers correctly
 * @param neitherCorrect problems that neither answers correctly
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

    /** Number of problems. */
    int total() {
        return bothCorrect + onlyFirstCorrect + onlySecondCorrect + neitherCorrect;
    }

    /** Accuracy of the second minus accuracy of the first. */
    public double difference() {
        return (double) (onlySecondCorrect - onlyFirstCorrect) / total();
    }

    /** Half-width of the 95 % Wald interval of the difference of paired proportions. */
    public double halfWidth() {
        double n = total();
        double discordance = onlySecondCorrect - onlyFirstCorrect;
        return Z * Math.sqrt(onlyFirstCorrect + onlySecondCorrect - discordance * discordance / n) / n;
    }

    /** Exact two-sided p-value of the binomial test on the problems that exactly one model answers correctly. */
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
