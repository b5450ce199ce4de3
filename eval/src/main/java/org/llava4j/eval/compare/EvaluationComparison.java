package org.llava4j.eval.compare;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.JsonInput;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/** Two evaluations of the same problems. */
final class EvaluationComparison {
    private final List<ScienceQaProblem> problems;
    private final Path a;
    private final Path b;
    private final ScienceQaGrading gradingA;
    private final ScienceQaGrading gradingB;

    /**
     * @param all problems of the split
     * @param a folder of an evaluation, or a file of predictions
     * @throws BadInputException if the two did not answer the same problems
     */
    EvaluationComparison(List<ScienceQaProblem> all, Path a, Path b) {
        this.a = a;
        this.b = b;
        Map<String, String> textsA = texts(a);
        Map<String, String> textsB = texts(b);
        TreeSet<String> apart = new TreeSet<>(textsA.keySet());
        apart.removeAll(textsB.keySet());
        TreeSet<String> more = new TreeSet<>(textsB.keySet());
        more.removeAll(textsA.keySet());
        apart.addAll(more);
        if (!apart.isEmpty()) {
            throw new BadInputException(apart.size() + " problems are answered in one of the two only, " + apart.first()
                    + " among them; compare evaluations of the same problems");
        }
        problems =
                all.stream().filter(problem -> textsA.containsKey(problem.id())).toList();
        gradingA = ScienceQaGrading.of(problems, textsA, ScienceQaProblem::skill);
        gradingB = ScienceQaGrading.of(problems, textsB, ScienceQaProblem::skill);
    }

    private static Map<String, String> texts(Path place) {
        return PredictionFile.readTexts(Files.isDirectory(place) ? place.resolve("predictions.jsonl") : place);
    }

    McNemar overall() {
        return of(problems);
    }

    private McNemar of(List<ScienceQaProblem> some) {
        return McNemar.of(some, gradingA, gradingB);
    }

    Report report() {
        McNemar overall = overall();
        Report.Builder report = Report.titled(name(a) + " and " + name(b))
                .summary(sentence(overall))
                .setting("first", name(a))
                .setting("second", name(b))
                .headlineMetric("first", "first: " + name(a), gradingA.scores().overall())
                .headlineMetric(
                        "second", "second: " + name(b), gradingB.scores().overall())
                .table(new ReportTable(
                        "Right and not",
                        List.of("", "second right", "second not"),
                        List.of(
                                List.of(
                                        "first right",
                                        String.valueOf(overall.bothCorrect()),
                                        String.valueOf(overall.onlyFirstCorrect())),
                                List.of(
                                        "first not",
                                        String.valueOf(overall.onlySecondCorrect()),
                                        String.valueOf(overall.neitherCorrect()))),
                        "McNemar's test looks at the two cells in which they differ."))
                .table(columns());
        settings().ifPresent(report::table);
        return report.build();
    }

    String sentence(McNemar test) {
        return Html.format(
                "The second is %+.2f points (95 %%: %+.2f to %+.2f) from the first, on %d problems; by McNemar's exact"
                        + " test p = %.3g: %s.",
                100 * test.difference(),
                100 * (test.difference() - test.halfWidth()),
                100 * (test.difference() + test.halfWidth()),
                test.total(),
                test.pValue(),
                test.pValue() < 0.05 ? "they differ" : "no difference is shown");
    }

    private ReportTable columns() {
        List<List<String>> rows = new ArrayList<>();
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            List<ScienceQaProblem> own =
                    problems.stream().filter(column::includes).toList();
            if (own.isEmpty()) {
                continue;
            }
            McNemar test = of(own);
            rows.add(List.of(
                    column.label(),
                    Html.percent(gradingA.scores().columns().get(column).accuracy(), 2),
                    Html.percent(gradingB.scores().columns().get(column).accuracy(), 2),
                    Html.format("%+.2f", 100 * test.difference()),
                    String.valueOf(test.onlyFirstCorrect()),
                    String.valueOf(test.onlySecondCorrect()),
                    Html.format("%.3g", test.pValue())));
        }
        return new ReportTable(
                "By column",
                List.of("", "first, %", "second, %", "points", "first alone", "second alone", "p"),
                rows,
                "p is of each column alone; with nine of them one below 0.05 is no surprise.");
    }

    /** Settings in which the two differ, where both have a report. */
    private Optional<ReportTable> settings() {
        Map<String, String> first = specification(a);
        Map<String, String> second = specification(b);
        if (first.isEmpty() || second.isEmpty()) {
            return Optional.empty();
        }
        TreeSet<String> names = new TreeSet<>(first.keySet());
        names.addAll(second.keySet());
        List<List<String>> rows = new ArrayList<>();
        for (String name : names) {
            String one = first.getOrDefault(name, "-");
            String other = second.getOrDefault(name, "-");
            if (!one.equals(other)) {
                rows.add(List.of(name, one, other));
            }
        }
        return Optional.of(new ReportTable(
                "Settings that differ",
                List.of("", "first", "second"),
                rows,
                rows.isEmpty() ? "None: the two are of the same evaluation." : "All others are the same in both."));
    }

    private static Map<String, String> specification(Path place) {
        Path file = place.resolve("report.json");
        Map<String, String> settings = new TreeMap<>();
        if (Files.isRegularFile(file)) {
            JsonNode node = JsonInput.readObject(file).path("specification");
            node.properties()
                    .forEach(entry ->
                            settings.put(entry.getKey(), entry.getValue().asText()));
        }
        return settings;
    }

    private static String name(Path place) {
        return place.toAbsolutePath().normalize().getFileName().toString();
    }
}
