package org.llava4j.eval.compare;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.JsonInput;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.predictions.ScienceQaPredictions;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/** Paired comparison of two evaluations on the same problems. */
final class EvaluationComparison {
    private final List<ScienceQaProblem> problems;
    private final Path first;
    private final Path second;
    private final ScienceQaGrading firstGrading;
    private final ScienceQaGrading secondGrading;

    /**
     * Reads two evaluations.
     *
     * @param all problems of the split
     * @param first folder of an evaluation, or a file that {@link ScienceQaPredictions} reads
     * @throws BadInputException if the two did not answer the same problems
     */
    EvaluationComparison(List<ScienceQaProblem> all, Path first, Path second) {
        this.first = first;
        this.second = second;
        Map<String, String> firstTexts = ScienceQaPredictions.read(first).texts();
        Map<String, String> secondTexts = ScienceQaPredictions.read(second).texts();
        TreeSet<String> onlyInOne = new TreeSet<>(firstTexts.keySet());
        onlyInOne.removeAll(secondTexts.keySet());
        TreeSet<String> onlyInSecond = new TreeSet<>(secondTexts.keySet());
        onlyInSecond.removeAll(firstTexts.keySet());
        onlyInOne.addAll(onlyInSecond);
        if (!onlyInOne.isEmpty()) {
            throw new BadInputException(onlyInOne.size() + " problems, such as " + onlyInOne.first()
                    + ", have an answer in only one of the two evaluations; compare evaluations of the same problems");
        }
        problems = all.stream()
                .filter(problem -> firstTexts.containsKey(problem.id()))
                .toList();
        firstGrading = ScienceQaGrading.of(problems, firstTexts, ScienceQaProblem::skill);
        secondGrading = ScienceQaGrading.of(problems, secondTexts, ScienceQaProblem::skill);
    }

    McNemar overall() {
        return of(problems);
    }

    private McNemar of(List<ScienceQaProblem> subset) {
        return McNemar.of(subset, firstGrading, secondGrading);
    }

    Report report() {
        McNemar overall = overall();
        Report report = Report.titled(name(first) + " and " + name(second))
                .summary(sentence(overall))
                .setting("first", name(first))
                .setting("second", name(second))
                .headlineMetric(
                        "first", "first: " + name(first), firstGrading.scores().overall())
                .headlineMetric(
                        "second",
                        "second: " + name(second),
                        secondGrading.scores().overall())
                .table(new ReportTable(
                        "Contingency table",
                        List.of("", "second correct", "second not correct"),
                        List.of(
                                List.of(
                                        "first correct",
                                        String.valueOf(overall.bothCorrect()),
                                        String.valueOf(overall.onlyFirstCorrect())),
                                List.of(
                                        "first not correct",
                                        String.valueOf(overall.onlySecondCorrect()),
                                        String.valueOf(overall.neitherCorrect()))),
                        "McNemar's test uses the two cells in which the evaluations differ."))
                .table(columns());
        ReportTable settings = settings();
        if (settings != null) {
            report.table(settings);
        }
        return report;
    }

    String sentence(McNemar test) {
        return Html.format(
                "Accuracy difference of the second to the first: %+.2f points (95 %% interval %+.2f to %+.2f) on %d problems;"
                        + " McNemar's exact test: p = %.3g, %s.",
                100 * test.difference(),
                100 * (test.difference() - test.halfWidth()),
                100 * (test.difference() + test.halfWidth()),
                test.total(),
                test.pValue(),
                test.pValue() < 0.05 ? "statistically significant" : "not statistically significant");
    }

    private ReportTable columns() {
        List<List<String>> rows = new ArrayList<>();
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            List<ScienceQaProblem> inColumn =
                    problems.stream().filter(column::includes).toList();
            if (inColumn.isEmpty()) {
                continue;
            }
            McNemar test = of(inColumn);
            rows.add(List.of(
                    column.label(),
                    accuracy(firstGrading, column),
                    accuracy(secondGrading, column),
                    Html.format("%+.2f", 100 * test.difference()),
                    String.valueOf(test.onlyFirstCorrect()),
                    String.valueOf(test.onlySecondCorrect()),
                    Html.format("%.3g", test.pValue())));
        }
        return new ReportTable(
                "Accuracy by category",
                List.of("", "first, %", "second, %", "points", "only first correct", "only second correct", "p"),
                rows,
                "p-values are not corrected for multiple comparisons; with nine categories, one below 0.05 is not unusual.");
    }

    private static String accuracy(ScienceQaGrading grading, ScienceQaColumn column) {
        return Html.percent(
                grading.scores()
                        .columns()
                        .getOrDefault(column, AnswerCounts.NONE)
                        .accuracy(),
                2);
    }

    /** Settings that differ; null unless both evaluations have a report. */
    private @Nullable ReportTable settings() {
        Map<String, String> firstSettings = configuration(first);
        Map<String, String> secondSettings = configuration(second);
        if (firstSettings.isEmpty() || secondSettings.isEmpty()) {
            return null;
        }
        TreeSet<String> names = new TreeSet<>(firstSettings.keySet());
        names.addAll(secondSettings.keySet());
        List<List<String>> rows = new ArrayList<>();
        for (String name : names) {
            String one = firstSettings.getOrDefault(name, "-");
            String other = secondSettings.getOrDefault(name, "-");
            if (!one.equals(other)) {
                rows.add(List.of(name, one, other));
            }
        }
        return new ReportTable(
                "Settings that differ",
                List.of("", "first", "second"),
                rows,
                rows.isEmpty() ? "None: both are results of the same evaluation." : "All other settings are equal.");
    }

    private static Map<String, String> configuration(Path source) {
        Path file = source.resolve("report.json");
        Map<String, String> settings = new TreeMap<>();
        if (Files.isRegularFile(file)) {
            JsonNode report = JsonInput.readObject(file);
            JsonNode node = report.path(report.has("run_configuration") ? "run_configuration" : "specification");
            node.properties()
                    .forEach(entry ->
                            settings.put(entry.getKey(), entry.getValue().asText()));
        }
        return settings;
    }

    private static String name(Path source) {
        return source.toAbsolutePath().normalize().getFileName().toString();
    }
}
