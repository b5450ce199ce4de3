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
 * @param gradings answers of each evaluation, graded
 * @param seconds time of each part
 */
record DemoResult(
        List<ScienceQaProblem> problems,
        Map<DemoEvaluation, ScienceQaGrading> gradings,
        Map<DemoPart, Double> seconds) {
    /** The held-out problems that need their image: all accuracies but the nine columns are of these. */
    List<ScienceQaProblem> withImage() {
        return problems.stream().filter(ScienceQaProblem::hasImage).toList();
    }

    HeadlineMetric headline(DemoEvaluation evaluation) {
        return new HeadlineMetric(evaluation.key(), evaluation.label(), counts(evaluation));
    }

    ScienceQaGrading grading(DemoEvaluation evaluation) {
        return Objects.requireNonNull(gradings.get(evaluation), evaluation.key());
    }

    /** Counts of an evaluation on the problems that need their image. */
    AnswerCounts counts(DemoEvaluation evaluation) {
        return scores(evaluation).overall();
    }

    /** Counts by category, on the same problems. */
    Map<String, AnswerCounts> categories(DemoEvaluation evaluation) {
        return scores(evaluation).groups();
    }

    private ScienceQaScores scores(DemoEvaluation evaluation) {
        ScienceQaScores scores =
                new ScienceQaScores(problem -> ProblemType.of(problem).label());
        withImage().forEach(problem -> scores.add(problem, grading(evaluation).parsedAnswer(problem)));
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
        return McNemar.of(some, grading(DemoEvaluation.WITHOUT_STAGE_1), grading(DemoEvaluation.AFTER_BOTH));
    }

    /**
     * Expected accuracy of an evaluation if each unparsed answer is replaced by a random choice, as LLaVA's script {@code
     * eval_science_qa} does.
     */
    double accuracyWithGuesses(DemoEvaluation evaluation) {
        ScienceQaGrading grading = grading(evaluation);
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
                counts(DemoEvaluation.AFTER_BOTH).accuracy(),
                withImage().size(),
                chance(),
                counts(DemoEvaluation.WITHOUT_STAGE_1).accuracy(),
                100 * test.difference(),
                test.pValue(),
                Html.duration(totalSeconds()));
    }
}
