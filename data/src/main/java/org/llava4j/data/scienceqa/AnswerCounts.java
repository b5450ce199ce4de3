package org.llava4j.data.scienceqa;

/**
 * How many answers were right, wrong, or could not be read. Those that could not be read count as not right, but are
 * never mixed with the wrong ones.
 */
public record AnswerCounts(int correct, int incorrect, int unparsed) {
    /** Two-sided 95 %. */
    private static final double Z = 1.959963984540054;

    /** Bounds of a fraction, 0 to 1. */
    public record ConfidenceInterval(double low, double high) {}

    public static final AnswerCounts NONE = new AnswerCounts(0, 0, 0);

    public AnswerCounts {
        if (correct < 0 || incorrect < 0 || unparsed < 0) {
            throw new IllegalArgumentException(
                    "counts are not negative: " + correct + ", " + incorrect + ", " + unparsed);
        }
    }

    /** One more answer, to a problem whose right choice is {@code answer}. */
    public AnswerCounts plus(ParsedAnswer extraction, int answer) {
        if (extraction instanceof ParsedAnswer.Predicted answered) {
            return answered.choice() == answer
                    ? new AnswerCounts(correct + 1, incorrect, unparsed)
                    : new AnswerCounts(correct, incorrect + 1, unparsed);
        }
        return new AnswerCounts(correct, incorrect, unparsed + 1);
    }

    public int total() {
        return correct + incorrect + unparsed;
    }

    /** Fraction of right answers, 0 to 1; NaN where nothing was counted. */
    public double accuracy() {
        return (double) correct / total();
    }

    /**
     * Where the true accuracy lies with 95 % confidence (Wilson 1927, without continuity correction); 0 to 1 where
     * nothing was counted.
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
