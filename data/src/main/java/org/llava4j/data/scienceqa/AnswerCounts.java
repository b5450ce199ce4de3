package org.llava4j.data.scienceqa;

/**
 * Numbers of correct, incorrect and unparsed answers. Unparsed answers lower the accuracy but are counted separately
 * from incorrect ones.
 *
 * @param correct answers that predict the correct choice
 * @param incorrect answers that predict another choice
 * @param unparsed answers without a recognizable choice
 */
public record AnswerCounts(int correct, int incorrect, int unparsed) {
    /** Quantile of the two-sided 95 % interval. */
    private static final double Z = 1.959963984540054;

    /** Confidence interval of a fraction, 0 to 1. */
    public record ConfidenceInterval(double low, double high) {}

    /** Counts without answers. */
    public static final AnswerCounts NONE = new AnswerCounts(0, 0, 0);

    public AnswerCounts {
        if (correct < 0 || incorrect < 0 || unparsed < 0) {
            throw new IllegalArgumentException("negative count: " + correct + ", " + incorrect + ", " + unparsed);
        }
    }

    /**
     * Returns the counts with one more answer.
     *
     * @param answer index of the correct choice
     */
    public AnswerCounts plus(ParsedAnswer parsed, int answer) {
        if (parsed instanceof ParsedAnswer.Predicted predicted) {
            return predicted.choice() == answer
                    ? new AnswerCounts(correct + 1, incorrect, unparsed)
                    : new AnswerCounts(correct, incorrect + 1, unparsed);
        }
        return new AnswerCounts(correct, incorrect, unparsed + 1);
    }

    /** Returns the number of all answers. */
    public int total() {
        return correct + incorrect + unparsed;
    }

    /** Returns the accuracy: the fraction of correct answers, 0 to 1; NaN without answers. */
    public double accuracy() {
        return (double) correct / total();
    }

    /**
     * Returns the 95 % Wilson score interval of the accuracy (Wilson 1927, without continuity correction); 0 to 1
     * without answers.
     */
    public ConfidenceInterval wilson() {
        double n = total();
        if (n == 0) {
            return new ConfidenceInterval(0, 1);
        }
        double p = accuracy();
        double centre = p + Z * Z / (2 * n);
        double spread = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        double scale = 1 + Z * Z / n;
        return new ConfidenceInterval(Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale));
    }
}
