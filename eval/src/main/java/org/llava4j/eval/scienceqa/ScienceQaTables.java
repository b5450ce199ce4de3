package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Example;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportImage;
import org.llava4j.eval.report.ReportTable;

/** Tables of a ScienceQA report: accuracy by subject, topic and skill, the confusion matrix, and examples. */
final class ScienceQaTables {
    private static final int EXAMPLES_PER_OUTCOME = 3;
    private static final int MAX_TEXT_CHARS = 1200;

    private final List<ScienceQaProblem> problems;
    private final ScienceQaGrading grading;

    ScienceQaTables(List<ScienceQaProblem> problems, ScienceQaGrading grading) {
        this.problems = problems;
        this.grading = grading;
    }

    /** @param imageOf image file of a problem that has an image; null to show none */
    void addTo(Report report, Function<ScienceQaProblem, @Nullable Path> imageOf) {
        report.headlineMetric("accuracy", "accuracy", grading.scores().overall())
                .columns(grading.scores().columns(), problems.size() + " problems.")
                .group("By subject", countsBy(ScienceQaProblem::subject))
                .group("By topic", countsBy(ScienceQaProblem::topic))
                .group("By skill", countsBy(ScienceQaProblem::skill))
                .table(confusion());
        examples(imageOf).forEach(report::example);
    }

    private Map<String, AnswerCounts> countsBy(Function<ScienceQaProblem, String> groupOf) {
        ScienceQaScores scores = new ScienceQaScores(groupOf);
        problems.forEach(problem -> scores.add(problem, parsedAnswer(problem)));
        return scores.groups();
    }

    private ParsedAnswer parsedAnswer(ScienceQaProblem problem) {
        return grading.parsedAnswer(problem);
    }

    /** Confusion matrix of correct and predicted letters. */
    private ReportTable confusion() {
        int letters = problems.stream().mapToInt(p -> p.choices().size()).max().orElse(0);
        int[][] matrix = new int[letters][letters + 1];
        for (ScienceQaProblem problem : problems) {
            matrix[problem.answer()][
                    parsedAnswer(problem) instanceof Predicted answered ? answered.choice() : letters]++;
        }
        List<String> head = new ArrayList<>(List.of("correct answer"));
        List<List<String>> rows = new ArrayList<>();
        for (int letter = 0; letter < letters; letter++) {
            head.add("predicted " + ScienceQaPrompt.letter(letter));
            List<String> row = new ArrayList<>(List.of(ScienceQaPrompt.letter(letter)));
            for (int count : matrix[letter]) {
                row.add(String.valueOf(count));
            }
            rows.add(row);
        }
        head.add("unparsed");
        return new ReportTable(
                "Confusion matrix",
                head,
                rows,
                "Number of problems by correct letter (row) and predicted letter (column). A preference for one letter"
                        + " shows as a large column.");
    }

    /**
     * Examples: the first correct answers with an image, incorrect answers, unparsed answers, and correct answers
     * without an image.
     */
    private List<Example> examples(Function<ScienceQaProblem, @Nullable Path> imageOf) {
        List<Example> examples = new ArrayList<>();
        for (Predicate<ScienceQaProblem> filter : List.<Predicate<ScienceQaProblem>>of(
                problem -> isCorrect(problem) && problem.hasImage(),
                problem -> parsedAnswer(problem) instanceof Predicted && !isCorrect(problem),
                problem -> !(parsedAnswer(problem) instanceof Predicted),
                problem -> isCorrect(problem) && !problem.hasImage())) {
            problems.stream()
                    .filter(filter)
                    .limit(EXAMPLES_PER_OUTCOME)
                    .forEach(problem -> examples.add(new Example(
                            problem,
                            truncated(grading.text(problem)),
                            parsedAnswer(problem),
                            image(problem, imageOf))));
        }
        return examples;
    }

    private static @Nullable ReportImage image(
            ScienceQaProblem problem, Function<ScienceQaProblem, @Nullable Path> imageOf) {
        Path file = problem.hasImage() ? imageOf.apply(problem) : null;
        return file == null ? null : ReportImage.read(file);
    }

    private static String truncated(String text) {
        return text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS) + " ...";
    }

    private boolean isCorrect(ScienceQaProblem problem) {
        return grading.isCorrect(problem);
    }
}
