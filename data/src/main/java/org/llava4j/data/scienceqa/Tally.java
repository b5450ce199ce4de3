package org.llava4j.data.scienceqa;

/**
 * How many answers were right, wrong, or could not be read. Those that could not be read count as not right, but are
 * never mixed with the wrong ones.
 */
public record Tally(int correct, int wrong, int failed) {
    /** Two-sided 95 %. */
    private static final double Z = 1.959963984540054;

    /** Bounds of a fraction, 0 to 1. */
    public record Interval(double low, double high) {}

    public static final Tally NONE = new Tally(0, 0, 0);

    public Tally {
        if (correct < 0 || wrong < 0 || failed < 0) {
            throw new IllegalArgumentException("counts are not negative: " + correct + ", " + wrong + ", " + failed);
        }
    }

    /** One more answer, to a problem whose right choice is {@code answer}. */
    public Tally plus(Extraction extraction, int answer) {
        if (extraction instanceof Extraction.Answered answered) {
            return answered.choice() == answer
                    ? new Tally(correct + 1, wrong, failed)
                    : new Tally(correct, wrong + 1, failed);
        }
        return new Tally(correct, wrong, failed + 1);
    }

    public int total() {
        return correct + wrong + failed;
    }

    /** Fraction of right answers, 0 to 1; NaN where nothing was counted. */
    public double accuracy() {
        return (double) correct / total();
    }

    /**
     * Where the true accuracy lies with 95 % confidence (Wilson 1927, without continuity correction); 0 to 1 where
     * nothing was counted.
     */
    public Interval wilson() {
        double n = total();
        if (n == 0) {
            return new Interval(0, 1);
        }
        double p = accuracy();
        double centre = p + Z * Z / (2 * n);
        double spread = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        double scale = 1 + Z * Z / n;
        return new Interval(Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale));
    }
}
