package org.llava4j.eval.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.data.scienceqa.Tally;
import org.llava4j.data.world.Kind;
import org.llava4j.eval.predictions.ScienceQaGrading;

/**
 * What the demo found.
 *
 * @param problems all held-out ones
 * @param gradings by the names below: after both stages of all of them, otherwise of those with an image
 * @param texts what the model said after both stages, by problem
 * @param seconds of each part, in order
 */
record DemoResult(
        List<ScienceQaProblem> problems,
        Map<String, ScienceQaGrading> gradings,
        Map<String, String> texts,
        Map<String, Double> timings) {
    static final String AFTER_BOTH = "accuracy";
    static final String BEFORE = "accuracy_before";
    static final String AFTER_STAGE_1 = "accuracy_after_stage1";
    static final String SHUFFLED = "accuracy_shuffled_images";
    static final String WITHOUT_STAGE_1 = "accuracy_without_stage1";

    /** The held-out problems that need their image: what the accuracies are of. */
    List<ScienceQaProblem> pictured() {
        return problems.stream().filter(ScienceQaProblem::hasImage).toList();
    }

    /** Right, wrong and unread answers of a run to the problems that need their image. */
    Tally tally(String run) {
        return scores(run).overall();
    }

    double accuracy(String run) {
        return tally(run).accuracy();
    }

    /** The same by kind of problem. */
    Map<String, Tally> kinds(String run) {
        return scores(run).groups();
    }

    private ScienceQaScores scores(String run) {
        ScienceQaScores scores = new ScienceQaScores(problem -> Kind.of(problem).label());
        pictured()
                .forEach(problem ->
                        scores.add(problem, gradings.get(run).extractions().get(problem.id())));
        return scores;
    }

    /** Accuracy of guessing. */
    double chance() {
        return pictured().stream()
                .mapToDouble(problem -> 1.0 / problem.choices().size())
                .average()
                .orElseThrow();
    }

    double seconds() {
        return timings.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** Collects parts as they are done. */
    static final class Clock {
        private final Map<String, Double> timings = new LinkedHashMap<>();
        private long begun = System.nanoTime();

        /** What has gone by since the last part was done belongs to this one. */
        void done(String part) {
            long now = System.nanoTime();
            timings.merge(part, (now - begun) / 1e9, Double::sum);
            begun = now;
        }

        Map<String, Double> timings() {
            return timings;
        }
    }
}
