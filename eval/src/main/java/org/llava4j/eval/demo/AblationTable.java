package org.llava4j.eval.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.eval.compare.McNemar;
import org.llava4j.eval.report.HeadlineMetric;
import org.llava4j.eval.report.ReportTable;

/** The ablation of stage 1: both accuracies, their difference with McNemar's test, and the paper's values. */
final class AblationTable {
    /** Accuracies of Table 8 in the paper (Liu et al. 2023), in percent. */
    private static final double PAPER_WITH_STAGE_1 = 90.92;

    private static final double PAPER_WITHOUT_STAGE_1 = 85.81;

    private final DemoResult result;
    private final McNemar mcnemar;

    AblationTable(DemoResult result) {
        this.result = result;
        mcnemar = result.ablation();
    }

    HeadlineMetric withStage1() {
        return result.headline(DemoEvaluation.AFTER_BOTH);
    }

    HeadlineMetric withoutStage1() {
        return result.headline(DemoEvaluation.WITHOUT_STAGE_1);
    }

    ReportTable table() {
        double difference = mcnemar.difference();
        double half = mcnemar.halfWidth();
        List<String> differences = List.of(
                "difference, points",
                "",
                "",
                "",
                points(difference),
                points(difference - half) + " to " + points(difference + half),
                Html.format("%+.2f", PAPER_WITH_STAGE_1 - PAPER_WITHOUT_STAGE_1));
        return new ReportTable(
                "Ablation of stage 1",
                List.of("", "correct", "incorrect", "unparsed", "accuracy, %", "95 % interval", "paper, %"),
                List.of(
                        row(withStage1(), PAPER_WITH_STAGE_1),
                        row(withoutStage1(), PAPER_WITHOUT_STAGE_1),
                        differences),
                Html.format(
                        "McNemar's exact test: %d problems are correct only with stage 1, %d only without it;"
                                + " p = %.2g. The paper's values are those of Table 8: ScienceQA's test split, 13B,"
                                + " \"w/o pre-training\" for the second row.",
                        mcnemar.onlySecondCorrect(), mcnemar.onlyFirstCorrect(), mcnemar.pValue()));
    }

    private static List<String> row(HeadlineMetric headline, double paper) {
        AnswerCounts counts = headline.counts();
        AnswerCounts.ConfidenceInterval interval = counts.wilson();
        return List.of(
                headline.label(),
                String.valueOf(counts.correct()),
                String.valueOf(counts.incorrect()),
                String.valueOf(counts.unparsed()),
                Html.percent(counts.accuracy(), 1),
                Html.percent(interval.low(), 1) + " to " + Html.percent(interval.high(), 1),
                Html.format("%.2f", paper));
    }

    ReportTable categoryTable() {
        Map<String, AnswerCounts> without = result.categories(DemoEvaluation.WITHOUT_STAGE_1);
        List<List<String>> rows = new ArrayList<>();
        result.categories(DemoEvaluation.AFTER_BOTH).forEach((category, with) -> {
            McNemar test = result.ablation(category);
            rows.add(List.of(
                    category,
                    Html.percent(with.accuracy(), 1),
                    Html.percent(
                            without.getOrDefault(category, AnswerCounts.NONE).accuracy(), 1),
                    points(test.difference()),
                    String.valueOf(test.onlySecondCorrect()),
                    String.valueOf(test.onlyFirstCorrect())));
        });
        return new ReportTable(
                "Accuracy by category, with and without stage 1",
                List.of("", "after both stages, %", "without stage 1, %", "points", "only with", "only without"),
                rows,
                "The last two columns count the problems that one of the two models alone answers correctly.");
    }

    /** McNemar's counts and p for {@code report.json}. */
    Map<String, Object> test() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("both_correct", mcnemar.bothCorrect());
        values.put("only_with_stage1", mcnemar.onlySecondCorrect());
        values.put("only_without_stage1", mcnemar.onlyFirstCorrect());
        values.put("neither_correct", mcnemar.neitherCorrect());
        values.put("difference", mcnemar.difference());
        values.put("p", mcnemar.pValue());
        return values;
    }

    /** Accuracies by category for {@code report.json}. */
    Map<String, Map<String, Double>> categories() {
        Map<String, AnswerCounts> without = result.categories(DemoEvaluation.WITHOUT_STAGE_1);
        Map<String, Map<String, Double>> accuracies = new LinkedHashMap<>();
        result.categories(DemoEvaluation.AFTER_BOTH).forEach((category, with) -> {
            Map<String, Double> values = new LinkedHashMap<>();
            values.put("with_stage1", with.accuracy());
            values.put(
                    "without_stage1",
                    without.getOrDefault(category, AnswerCounts.NONE).accuracy());
            accuracies.put(category, values);
        });
        return accuracies;
    }

    private static String points(double fraction) {
        return Html.format("%+.1f", 100 * fraction);
    }
}
