package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Example;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportImage;
import org.llava4j.eval.report.ReportTable;

/** What a report on ScienceQA shows of graded answers beside the nine columns. */
final class ScienceQaTables {
    private static final int EXAMPLES_PER_OUTCOME = 3;
    private static final int MAX_TEXT_CHARS = 1200;

    private final List<ScienceQaProblem> problems;
    private final ScienceQaGrading grading;

    ScienceQaTables(List<ScienceQaProblem> problems, ScienceQaGrading grading) {
        this.problems = problems;
        this.grading = grading;
    }

    void addTo(Report.Builder report, Function<ScienceQaProblem, Path> imageOf) {
        report.headlineMetric("accuracy", "accuracy", grading.scores().overall())
                .columns(grading.scores().columns(), problems.size() + " problems.")
                .group("By subject", by(ScienceQaProblem::subject))
                .group("By topic", by(ScienceQaProblem::topic))
                .group("By skill", by(ScienceQaProblem::skill))
                .table(confusion());
        examples(imageOf).forEach(report::example);
    }

    private Map<String, AnswerCounts> by(Function<ScienceQaProblem, String> groupOf) {
        Map<String, AnswerCounts> tallies = new TreeMap<>();
        for (ScienceQaProblem problem : problems) {
            AnswerCounts one = AnswerCounts.NONE.plus(parsedAnswer(problem), problem.answer());
            tallies.merge(
                    groupOf.apply(problem),
                    one,
                    (before, ignored) -> before.plus(parsedAnswer(problem), problem.answer()));
        }
        return tallies;
    }

    private ParsedAnswer parsedAnswer(ScienceQaProblem problem) {
        return grading.parsedAnswers().get(problem.id());
    }

    /** Which letter was said where which was right. */
    private ReportTable confusion() {
        int letters = problems.stream().mapToInt(p -> p.choices().size()).max().orElse(0);
        int[][] counts = new int[letters][letters + 1];
        for (ScienceQaProblem problem : problems) {
            counts[problem.answer()][
                    parsedAnswer(problem) instanceof Predicted answered ? answered.choice() : letters]++;
        }
        List<String> head = new ArrayList<>(List.of("right answer"));
        List<List<String>> rows = new ArrayList<>();
        for (int letter = 0; letter < letters; letter++) {
            head.add("said " + ScienceQaPrompt.letter(letter));
            List<String> row = new ArrayList<>(List.of(ScienceQaPrompt.letter(letter)));
            for (int count : counts[letter]) {
                row.add(String.valueOf(count));
            }
            rows.add(row);
        }
        head.add("not read");
        return new ReportTable(
                "Letters",
                head,
                rows,
                "How often each letter was said where each was right: a model that prefers a letter"
                        + " shows it here.");
    }

    /** The first wrong ones, unread ones and right ones with a picture, then without. */
    private List<Example> examples(Function<ScienceQaProblem, Path> imageOf) {
        List<Example> examples = new ArrayList<>();
        for (Predicate<ScienceQaProblem> which : List.<Predicate<ScienceQaProblem>>of(
                problem -> isCorrect(problem) && problem.hasImage(),
                problem -> parsedAnswer(problem) instanceof Predicted && !isCorrect(problem),
                problem -> !(parsedAnswer(problem) instanceof Predicted),
                problem -> isCorrect(problem) && !problem.hasImage())) {
            problems.stream()
                    .filter(which)
                    .limit(EXAMPLES_PER_OUTCOME)
                    .forEach(problem -> examples.add(new Example(
                            problem,
                            shortened(grading.result().outputs().get(problem.id())),
                            parsedAnswer(problem),
                            problem.hasImage()
                                    ? Optional.of(ReportImage.read(imageOf.apply(problem)))
                                    : Optional.empty())));
        }
        return examples;
    }

    private static String shortened(String text) {
        return text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS) + " ...";
    }

    private boolean isCorrect(ScienceQaProblem problem) {
        return grading.isCorrect(problem);
    }
}
