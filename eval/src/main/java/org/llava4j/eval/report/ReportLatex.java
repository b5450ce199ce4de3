package org.llava4j.eval.report;

import static org.llava4j.data.Html.format;
import static org.llava4j.data.Html.percent;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.PaperTable7;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/**
 * Renderer of the main table as LaTeX: the nine ScienceQA columns with the published rows, or the report's first table.
 */
final class ReportLatex {
    private static final String SPECIAL = "&%$#_{}";

    private final Report report;

    ReportLatex(Report report) {
        this.report = report;
    }

    String render() {
        List<List<String>> rows = new ArrayList<>();
        ReportTable lead = report.lead();
        if (lead != null) {
            return table(lead.head(), lead.rows());
        }
        if (!report.columns().isEmpty()) {
            List<String> head = new ArrayList<>(List.of("Method"));
            List<String> thisRun = new ArrayList<>(List.of(report.title()));
            for (ScienceQaColumn column : ScienceQaColumn.values()) {
                head.add(column.label());
                thisRun.add(percent(
                        report.columns().getOrDefault(column, AnswerCounts.NONE).accuracy(), 2));
            }
            for (PaperTable7.Row row : PaperTable7.ROWS) {
                List<String> cells = new ArrayList<>(List.of(row.method()));
                for (ScienceQaColumn column : ScienceQaColumn.values()) {
                    cells.add(format("%.2f", row.percent(column)));
                }
                rows.add(cells);
            }
            rows.add(thisRun);
            return table(head, rows);
        }
        if (!report.tables().isEmpty()) {
            ReportTable first = report.tables().get(0);
            return table(first.head(), first.rows());
        }
        report.headlineMetrics()
                .forEach(metric ->
                        rows.add(List.of(metric.label(), percent(metric.counts().accuracy(), 2))));
        return table(List.of("", "Accuracy"), rows);
    }

    private static String table(List<String> head, List<List<String>> rows) {
        StringBuilder text = new StringBuilder();
        text.append(format("\\begin{tabular}{l%s}\n\\hline\n", "r".repeat(head.size() - 1)));
        text.append(line(head)).append("\\hline\n");
        rows.forEach(row -> text.append(line(row)));
        return text.append("\\hline\n\\end{tabular}\n").toString();
    }

    private static String line(List<String> cells) {
        return cells.stream().map(ReportLatex::escape).collect(Collectors.joining(" & ", "", " \\\\\n"));
    }

    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.replace("\\", "/").replace("\n", " ").toCharArray()) {
            if (SPECIAL.indexOf(c) >= 0) {
                escaped.append('\\');
            }
            escaped.append(c);
        }
        return escaped.toString();
    }
}
