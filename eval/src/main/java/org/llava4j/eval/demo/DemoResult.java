package org.llava4j.eval.demo;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.data.synthetic.ProblemType;
import org.llava4j.eval.compare.McNemar;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.HeadlineMetric;

/**
 * Evaluation results of a demo run.
 *
 * @param problems all held-out problems
 * @param gradings by the keys below: after both stages of all problems, otherwise of those with an image
 * @param seconds time of each part
 */
record DemoResult(
        List<ScienceQaProblem> problems, Map<String, ScienceQaGrading> gradings, Map<DemoPart, Double> seconds) {
    static final String AFTER_BOTH = "accuracy";
    static final String BEFORE = "accuracy_before";
    static final String AFTER_STAGE_1 = "accuracy_after_stage1";
    static final String SHUFFLED = "accuracy_shuffled_images";
    static final String WITHOUT_STAGE_1 = "accuracy_without_stage1";

    /** The held-out problems that need their image: all accuracies but the nine columns are of these. */
    List<ScienceQaProblem> withImage() {
        return problems.stream().filter(ScienceQaProblem::hasImage).toList();
    }

    /** Name of a run in tables. */
    static String label(String run) {
        return switch (run) {
            case AFTER_BOTH -> "after both stages";
            case BEFORE -> "before training";
            case AFTER_STAGE_1 -> "after stage 1";
            case SHUFFLED -> "after both stages, with another problem's image";
            case WITHOUT_STAGE_1 -> "without stage 1";
            default -> throw new IllegalArgumentException(run);
        };
    }

    HeadlineMetric headline(String run) {
        return new HeadlineMetric(run, label(run), counts(run));
    }

    ScienceQaGrading grading(String run) {
        return Objects.requireNonNull(gradings.get(run), run);
    }

    /** Counts of a run on the problems that need their image. */
    AnswerCounts counts(String run) {
        return scores(run).overall();
    }

    /** Counts by category, on the same problems. */
    Map<String, AnswerCounts> categories(String run) {
        return scores(run).groups();
    }

    private ScienceQaScores scores(String run) {
        ScienceQaScores scores =
                new ScienceQaScores(problem -> ProblemType.of(problem).label());
        withImage().forEach(problem -> scores.add(problem, grading(run).parsedAnswer(problem)));
        return scores;
    }

    /**
     * McNemar's test of the model with both stages against the one without stage 1; the difference is positive if stage
     * 1 helps.
     */
    McNemar ablation() {
        return ablation(withImage());
    }

    /** The same on the problems of one category. */
    McNemar ablation(String category) {
        return ablation(withImage().stream()
                .filter(problem -> ProblemType.of(problem).label().equals(category))
                .toList());
    }

    private McNemar ablation(List<ScienceQaProblem> some) {
        return McNemar.of(some, grading(WITHOUT_STAGE_1), grading(AFTER_BOTH));
    }

    /**
     * Expected accuracy of a run if each unparsed answer is replaced by a random choice, as LLaVA's script {@code
     * eval_science_qa} does.
     */
    double accuracyWithGuesses(String run) {
        ScienceQaGrading grading = grading(run);
        return withImage().stream()
                .mapToDouble(problem -> grading.parsedAnswer(problem) instanceof Unparsed
                        ? 1.0 / problem.choices().size()
                        : grading.isCorrect(problem) ? 1 : 0)
                .average()
                .orElseThrow();
    }

    /** Accuracy of random guessing. */
    double chance() {
        return withImage().stream()
                .mapToDouble(problem -> 1.0 / problem.choices().size())
                .average()
                .orElseThrow();
    }

    double totalSeconds() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** The result in three lines. */
    String summary() {
        McNemar test = ablation();
        return Html.format(
                "accuracy after both stages %.3f (%d held-out problems with an image, chance %.3f)%n"
                        + "accuracy without stage 1 %.3f: stage 1 makes %+.1f points, McNemar p = %.2g%n"
                        + "time: %s",
                counts(AFTER_BOTH).accuracy(),
                withImage().size(),
                chance(),
                counts(WITHOUT_STAGE_1).accuracy(),
                100 * test.difference(),
                test.pValue(),
                Html.duration(totalSeconds()));
    }
}
