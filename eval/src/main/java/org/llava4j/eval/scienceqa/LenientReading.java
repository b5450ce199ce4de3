package org.llava4j.eval.scienceqa;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.LenientAnswer;
import org.llava4j.data.scienceqa.LenientAnswer.Form;
import org.llava4j.data.scienceqa.LenientAnswerParser;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.ReportTable;

/**
 * Counts of the answers that a lenient rule parses, beside those of the published rule. The published rule stays the
 * score. The difference shows a model that writes its answers in another form.
 */
final class LenientReading {
    private final Map<Form, AnswerCounts> byForm = new EnumMap<>(Form.class);

    /** @param grading grading by the published rule */
    LenientReading(List<ScienceQaProblem> problems, ScienceQaGrading grading) {
        for (ScienceQaProblem problem : problems) {
            LenientAnswer answer = LenientAnswerParser.parse(grading.text(problem), problem.choices());
            byForm.put(answer.form(), counts(answer.form()).plus(answer.parsed(), problem.answer()));
        }
    }

    private AnswerCounts counts(Form form) {
        return byForm.getOrDefault(form, AnswerCounts.NONE);
    }

    /** Number of answers that only the lenient rule parses. */
    int additional() {
        return lenient().total() - lenient().unparsed() - counts(Form.PUBLISHED).total();
    }

    private AnswerCounts lenient() {
        int correct = 0;
        int incorrect = 0;
        for (AnswerCounts counts : byForm.values()) {
            correct += counts.correct();
            incorrect += counts.incorrect();
        }
        return new AnswerCounts(correct, incorrect, counts(Form.NONE).unparsed());
    }

    /** The counts as a table: both rules, and each form that only the lenient rule parses. */
    ReportTable table() {
        AnswerCounts published = counts(Form.PUBLISHED);
        List<List<String>> rows = new ArrayList<>();
        rows.add(row(
                "published rule (the score)",
                new AnswerCounts(
                        published.correct(), published.incorrect(), lenient().total() - published.total())));
        rows.add(row("lenient rule", lenient()));
        byForm.forEach((form, counts) -> {
            if (form != Form.PUBLISHED && form != Form.NONE) {
                rows.add(row("only lenient: " + form.description(), counts));
            }
        });
        return new ReportTable(
                "Answers by a lenient rule",
                List.of("", "accuracy, %", "correct", "incorrect", "unparsed"),
                rows,
                "The published rule parses a bare letter, a leading \"B. \", or \"The answer is B.\". Many answers that"
                        + " only the lenient rule parses mean that the model writes its answers in another form than the"
                        + " prompt format.");
    }

    private static List<String> row(String name, AnswerCounts counts) {
        return List.of(
                name,
                Html.percent(counts.accuracy(), 2),
                String.valueOf(counts.correct()),
                String.valueOf(counts.incorrect()),
                String.valueOf(counts.unparsed()));
    }

    /** A clause for the summary line of the command; empty without additional answers. */
    String clause() {
        return additional() == 0 ? "" : Html.format("; a lenient rule parses %d of the unparsed answers", additional());
    }
}
