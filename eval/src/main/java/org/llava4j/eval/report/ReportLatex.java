package org.llava4j.eval.report;

import static org.llava4j.data.Html.format;
import static org.llava4j.data.Html.percent;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Renderer of the main table as LaTeX: the nine ScienceQA columns with the published rows, or the report's first table.
 * The training recipe follows if there is one.
 */
final class ReportLatex {
    private final Report report;

    ReportLatex(Report report) {
        this.report = report;
    }

    String render() {
        ReportTable recipe = report.configuration().recipeTable();
        return recipe == null ? mainTable() : mainTable() + "\n% " + recipe.heading() + "\n" + grouped(recipe);
    }

    private String mainTable() {
        List<List<String>> rows = new ArrayList<>();
        ReportTable lead = report.lead;
        if (lead != null) {
            return table(lead.head(), lead.rows());
        }
        if (!report.columns.isEmpty()) {
            rows.addAll(ColumnRows.published());
            rows.add(ColumnRows.of(report.title, report.columns));
            return table(ColumnRows.head("Method"), rows);
        }
        if (!report.tables.isEmpty()) {
            ReportTable first = report.tables.get(0);
            return table(first.head(), first.rows());
        }
        report.headlineMetrics.forEach(metric ->
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

    /** A table of texts, whose groups of rows have headings. */
    private static String grouped(ReportTable table) {
        int columns = table.head().size();
        StringBuilder text = new StringBuilder();
        text.append(format("\\begin{tabular}{%s}\n\\hline\n", "l".repeat(columns)));
        text.append(line(table.head())).append("\\hline\n");
        for (int i = 0; i < table.rows().size(); i++) {
            if (table.groups().containsKey(i)) {
                String heading = escape(String.valueOf(table.groups().get(i)));
                text.append(format("\\multicolumn{%d}{l}{\\textit{%s}} \\\\\n", columns, heading));
            }
            text.append(line(table.rows().get(i)));
        }
        return text.append("\\hline\n\\end{tabular}\n").toString();
    }

    private static String line(List<String> cells) {
        return cells.stream().map(ReportLatex::escape).collect(Collectors.joining(" & ", "", " \\\\\n"));
    }

    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.replace("\n", " ").toCharArray()) {
            switch (c) {
                case '\\' -> escaped.append("\\textbackslash{}");
                case '^' -> escaped.append("\\textasciicircum{}");
                case '~' -> escaped.append("\\textasciitilde{}");
                case '&', '%', '$', '#', '_', '{', '}' -> escaped.append('\\').append(c);
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
