package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Relative scores: 100 times the mean of the candidate's numbers over the mean of the reference's, by category and in all.
 * A review that could not be read, or never came, is in neither mean: it lowers what is covered.
 */
final class Scores {
    static final String ALL = "all";

    private final Map<String, Sums> byCategory = new LinkedHashMap<>();

    /** What reviews of one category gave. */
    record Sums(double candidate, double reference, int reviews, int asked) {
        private static final Sums NONE = new Sums(0, 0, 0, 0);

        private Sums plus(Optional<Review> review) {
            return new Sums(
                    candidate + review.map(Review::second).orElse(0.0),
                    reference + review.map(Review::first).orElse(0.0),
                    reviews + (review.isPresent() ? 1 : 0),
                    asked + 1);
        }

        /** NaN where nothing was reviewed. */
        double relative() {
            return 100 * candidate / reference;
        }

        double meanOfCandidate() {
            return candidate / reviews;
        }

        double meanOfReference() {
            return reference / reviews;
        }
    }

    /** Of one run of the judge. */
    static Scores of(List<JudgedPair> judged) {
        Scores scores = new Scores();
        for (JudgedPair pair : judged) {
            Optional<Review> review = pair.scores();
            for (String category : List.of(pair.pair().question().category(), ALL)) {
                scores.byCategory.merge(category, Sums.NONE.plus(review), (before, one) -> before.plus(review));
            }
        }
        return scores;
    }

    /** In the order in which the questions have them; everything is under {@link #ALL}. */
    Map<String, Sums> byCategory() {
        Map<String, Sums> allLast = new LinkedHashMap<>(byCategory);
        Sums all = allLast.remove(ALL);
        if (all != null) {
            allLast.put(ALL, all);
        }
        return allLast;
    }

    /** Mean and deviation of a category's relative scores over runs. */
    record Spread(double mean, double deviation) {
        static Spread of(List<Scores> runs, String category) {
            List<Double> values = new ArrayList<>();
            for (Scores run : runs) {
                Sums sums = run.byCategory.get(category);
                if (sums != null && sums.reviews() > 0) {
                    values.add(sums.relative());
                }
            }
            double mean =
                    values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
            double squares = values.stream()
                    .mapToDouble(value -> (value - mean) * (value - mean))
                    .sum();
            return new Spread(mean, values.size() < 2 ? Double.NaN : Math.sqrt(squares / (values.size() - 1)));
        }
    }
}
