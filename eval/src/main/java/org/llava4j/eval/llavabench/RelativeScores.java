package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Relative scores: 100 times the candidate's mean score divided by the reference's, by category and overall. Unparsed
 * and missing reviews are excluded from both means.
 */
final class RelativeScores {
    static final String ALL = "all";

    private final Map<String, ScoreTotals> byCategory = new LinkedHashMap<>();

    /**
     * Sums of the scores of one category.
     *
     * @param reviews number of parsed reviews
     * @param requested number of requested reviews
     */
    record ScoreTotals(double candidate, double reference, int reviews, int requested) {
        private static final ScoreTotals ZERO = new ScoreTotals(0, 0, 0, 0);

        private ScoreTotals plus(@Nullable ReviewScores review) {
            return review == null
                    ? new ScoreTotals(candidate, reference, reviews, requested + 1)
                    : new ScoreTotals(
                            candidate + review.second(), reference + review.first(), reviews + 1, requested + 1);
        }

        /** The relative score; NaN without reviews. */
        double relative() {
            return 100 * candidate / reference;
        }
    }

    /** The scores of one repeat. */
    static RelativeScores of(List<JudgedReview> reviews) {
        RelativeScores scores = new RelativeScores();
        for (JudgedReview judged : reviews) {
            scores.add(judged.request().question().category(), judged.scores());
        }
        return scores;
    }

    /**
     * Adds a review.
     *
     * @param review null if the review is unparsed
     */
    void add(String category, @Nullable ReviewScores review) {
        for (String each : List.of(category, ALL)) {
            byCategory.merge(each, ScoreTotals.ZERO.plus(review), (before, one) -> before.plus(review));
        }
    }

    /** Sums of a category, or of {@link #ALL}. */
    ScoreTotals totals(String category) {
        return byCategory.getOrDefault(category, ScoreTotals.ZERO);
    }

    /** Categories of all repeats, in question order; {@link #ALL} is the last. */
    static List<String> categories(List<RelativeScores> runs) {
        Set<String> categories = new LinkedHashSet<>();
        runs.forEach(run -> categories.addAll(run.byCategory.keySet()));
        categories.remove(ALL);
        categories.add(ALL);
        return List.copyOf(categories);
    }

    /** Mean and sample standard deviation of a category's relative scores over the repeats. */
    record MeanAndDeviation(double mean, double deviation) {
        static MeanAndDeviation of(List<RelativeScores> runs, String category) {
            List<Double> values = new ArrayList<>();
            for (RelativeScores run : runs) {
                ScoreTotals sums = run.totals(category);
                if (sums.reviews() > 0) {
                    values.add(sums.relative());
                }
            }
            double mean =
                    values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
            double squares = values.stream()
                    .mapToDouble(value -> (value - mean) * (value - mean))
                    .sum();
            return new MeanAndDeviation(
                    mean, values.size() < 2 ? Double.NaN : Math.sqrt(squares / (values.size() - 1)));
        }
    }
}
