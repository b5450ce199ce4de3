package org.llava4j.eval.report;

import static org.llava4j.data.Html.format;
import static org.llava4j.data.Html.percent;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;

/** Renderer of a report as Markdown, for issues and pull requests. */
final class ReportMarkdown {
    private final Report report;
    private final StringBuilder text = new StringBuilder();

    ReportMarkdown(Report report) {
        this.report = report;
    }

    String render() {
        text.append("# ").append(report.title).append("\n\n");
        if (!report.summary.isEmpty()) {
            text.append(report.summary).append("\n\n");
        }
        tableIfAny(report.lead);
        if (!report.headlineMetrics.isEmpty()) {
            List<List<String>> rows = report.headlineMetrics.stream()
                    .map(metric -> countsRow(metric.label(), metric.counts()))
                    .toList();
            table(List.of("", "%", "95 %", "correct", "incorrect", "unparsed"), rows);
        }
        report.groups.forEach(this::group);
        report.tables.forEach(this::table);
        if (!report.columns.isEmpty()) {
            columns();
        }
        tableIfAny(report.configuration().recipeTable());
        tableIfAny(report.timingTable());
        text.append("## Run configuration\n\n");
        report.configuration().general().forEach((key, value) -> text.append(format("- %s: %s\n", key, value)));
        text.append(format(
                "\nSHA-256 of the settings: `%s`; total time %s.\n",
                report.configuration().sha256(), Html.duration(report.seconds)));
        report.notes.forEach(note -> text.append("\n").append(note).append("\n"));
        return text.toString();
    }

    private void group(String heading, Map<String, AnswerCounts> counts) {
        text.append("## ").append(heading).append("\n\n");
        List<List<String>> rows = counts.entrySet().stream()
                .map(entry -> countsRow(entry.getKey(), entry.getValue()))
                .toList();
        table(List.of("", "%", "95 %", "correct", "incorrect", "unparsed"), rows);
    }

    private static List<String> countsRow(String name, AnswerCounts counts) {
        AnswerCounts.ConfidenceInterval interval = counts.wilson();
        return List.of(
                name,
                percent(counts.accuracy(), 2),
                percent(interval.low(), 1) + " to " + percent(interval.high(), 1),
                String.valueOf(counts.correct()),
                String.valueOf(counts.incorrect()),
                String.valueOf(counts.unparsed()));
    }

    private void columns() {
        text.append("## ScienceQA categories\n\n");
        List<List<String>> rows = new ArrayList<>(List.of(ColumnRows.of("**This run**", report.columns)));
        rows.addAll(ColumnRows.published());
        table(ColumnRows.head("Accuracy, %"), rows);
        text.append("The other rows are table 7 of the paper (Liu et al. 2023). ")
                .append(report.columnsNote)
                .append("\n\n");
    }

    private void tableIfAny(@Nullable ReportTable table) {
        if (table != null) {
            table(table);
        }
    }

    private void table(ReportTable table) {
        text.append("## ").append(table.heading()).append("\n\n");
        head(table.head());
        for (int i = 0; i < table.rows().size(); i++) {
            List<String> row = table.rows().get(i);
            if (table.groups().containsKey(i)) {
                text.append(line(Stream.concat(
                                Stream.of("**" + table.groups().get(i) + "**"),
                                Collections.nCopies(row.size() - 1, "").stream())
                        .toList()));
            }
            text.append(line(row.stream().map(ReportMarkdown::cell).toList()));
        }
        text.append("\n");
        if (!table.caption().isEmpty()) {
            text.append(table.caption()).append("\n\n");
        }
    }

    private void table(List<String> head, List<List<String>> rows) {
        head(head);
        rows.forEach(row -> text.append(line(row)));
        text.append("\n");
    }

    private void head(List<String> head) {
        text.append(line(head));
        text.append("|").append("---|".repeat(head.size())).append("\n");
    }

    /** Lines with characters that Markdown interprets, such as regular expressions, become code. */
    private static String cell(String text) {
        return text.lines()
                .map(line -> line.matches(".*[\\\\*<].*") && !line.contains("`") ? "`" + line + "`" : line)
                .collect(Collectors.joining("<br>"));
    }

    private static String line(List<String> cells) {
        return cells.stream()
                .map(cell -> cell.replace("|", "\\|").replace("\n", " "))
                .collect(Collectors.joining(" | ", "| ", " |\n"));
    }
}
