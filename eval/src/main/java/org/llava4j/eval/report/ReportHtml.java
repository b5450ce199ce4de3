package org.llava4j.eval.report;

import static org.llava4j.data.Html.escape;
import static org.llava4j.data.Html.format;
import static org.llava4j.data.Html.percent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Html;
import org.llava4j.data.TextFiles;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Renderer of a report as HTML: one file without external resources (enforced by its Content-Security-Policy) or
 * scripts. It follows the light or dark color scheme, is printable, and states in words what it shows by color.
 */
final class ReportHtml {
    private static final int LONGEST_UNWRAPPED = 24;
    private static final String POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private final Report report;
    private final StringBuilder html = new StringBuilder();

    ReportHtml(Report report) {
        this.report = report;
    }

    String render() {
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.append(format("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", POLICY));
        html.append(format(
                "<title>%s</title>\n<style>\n%s</style>\n</head>\n",
                escape(report.title), TextFiles.resource(ReportHtml.class, "report.css")));
        html.append(format("<body>\n<main>\n<h1>%s</h1>\n", escape(report.title)));
        if (!report.summary.isEmpty()) {
            html.append(format("<p class=\"lead\">%s</p>\n", escape(report.summary)));
        }
        tableIfAny(report.lead);
        headlineMetrics();
        counts("Accuracy by category", "Category", report.categories);
        report.groups.forEach((heading, counts) -> counts(heading, "", counts));
        report.tables.forEach(this::table);
        columns();
        settings();
        tableIfAny(report.configuration().recipeTable());
        tableIfAny(report.timingTable());
        examples();
        curves();
        notes();
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    private void section(String heading) {
        html.append(format("<h2>%s</h2>\n", escape(heading)));
    }

    private void headlineMetrics() {
        if (report.headlineMetrics.isEmpty()) {
            return;
        }
        section(report.lead != null ? "Checks" : "Accuracy");
        tableHead("", "%", "", "correct", "incorrect", "unparsed");
        for (HeadlineMetric metric : report.headlineMetrics) {
            countsRow(metric.label(), metric.counts(), "big", report.chance);
        }
        String chance =
                report.chance == null ? "" : format(" The dashed line is chance, %s %%.", percent(report.chance, 1));
        html.append(format(
                "</tbody><caption>Whiskers are 95 %% Wilson intervals. An unparsed answer does not count as correct and is"
                        + " listed separately from incorrect answers.%s</caption></table></div>\n",
                chance));
    }

    private void counts(String heading, String first, Map<String, AnswerCounts> countsByName) {
        if (countsByName.isEmpty()) {
            return;
        }
        section(heading);
        tableHead(first, "%", "", "correct", "incorrect", "unparsed");
        countsByName.forEach((name, counts) -> countsRow(name, counts, "", null));
        html.append("</tbody></table></div>\n");
    }

    private void tableIfAny(@Nullable ReportTable table) {
        if (table != null) {
            table(table);
        }
    }

    private void table(ReportTable table) {
        section(table.heading());
        tableHead(table.head().toArray(new String[0]));
        for (int i = 0; i < table.rows().size(); i++) {
            List<String> row = table.rows().get(i);
            if (table.groups().containsKey(i)) {
                html.append(format(
                        "%s<tr><th class=\"group\" scope=\"rowgroup\" colspan=\"%d\">%s</th></tr>\n",
                        i == 0 ? "" : "</tbody><tbody>\n",
                        row.size(),
                        escape(String.valueOf(table.groups().get(i)))));
            }
            html.append(format("<tr><th scope=\"row\">%s</th>", escape(row.get(0))));
            for (String cell : row.subList(1, row.size())) {
                String style = cell.length() > LONGEST_UNWRAPPED ? " class=\"wrapped\"" : "";
                html.append(format("<td%s>%s</td>", style, escape(cell).replace("\n", "<br/>")));
            }
            html.append("</tr>\n");
        }
        html.append("</tbody>");
        if (!table.caption().isEmpty()) {
            html.append(format("<caption>%s</caption>", escape(table.caption())));
        }
        html.append("</table></div>\n");
    }

    private void tableHead(String... cells) {
        html.append("<div class=\"scroll\"><table><thead><tr>");
        for (String cell : cells) {
            html.append(format("<th scope=\"col\">%s</th>", escape(cell)));
        }
        html.append("</tr></thead><tbody>\n");
    }

    private void countsRow(String label, AnswerCounts counts, String style, @Nullable Double chance) {
        html.append(format(
                "<tr><th scope=\"row\">%s</th><td class=\"%s\">%s</td><td class=\"graph\">%s</td>"
                        + "<td>%d</td><td>%d</td><td>%d</td></tr>\n",
                escape(label),
                style,
                percent(counts.accuracy(), 1),
                AccuracyBar.svg(counts, chance),
                counts.correct(),
                counts.incorrect(),
                counts.unparsed()));
    }

    private void columns() {
        if (report.columns.isEmpty()) {
            return;
        }
        section("ScienceQA categories");
        tableHead(ColumnRows.head("Accuracy, %").toArray(new String[0]));
        columnsRow(" class=\"ours\"", ColumnRows.of("This run", report.columns));
        List<String> totals = new ArrayList<>(List.of("problems"));
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            totals.add(String.valueOf(
                    report.columns.getOrDefault(column, AnswerCounts.NONE).total()));
        }
        columnsRow(" class=\"counts\"", totals);
        ColumnRows.published().forEach(row -> columnsRow("", row));
        html.append(format(
                "</tbody><caption>The other rows are table 7 of the paper (Liu et al. 2023), on ScienceQA&#39;s 4241 test"
                        + " problems. TXT and IMG overlap. %s</caption></table></div>\n",
                escape(report.columnsNote)));
    }

    private void columnsRow(String attributes, List<String> cells) {
        html.append(format("<tr%s><th scope=\"row\">%s</th>", attributes, escape(cells.get(0))));
        cells.subList(1, cells.size()).forEach(cell -> html.append(format("<td>%s</td>", cell)));
        html.append("</tr>\n");
    }

    private void curves() {
        if (report.curves.isEmpty()) {
            return;
        }
        section("Training loss");
        html.append("<div class=\"panels\">\n");
        for (LossCurve curve : report.curves) {
            html.append(format(
                    "<figure class=\"loss\"><h3>%s</h3>%s<figcaption>%s</figcaption></figure>\n",
                    escape(curve.name()), curve.svg(), escape(curve.caption())));
        }
        html.append("</div>\n");
    }

    private void examples() {
        if (report.examples.isEmpty()) {
            return;
        }
        section("Examples");
        for (Example example : report.examples) {
            ScienceQaProblem problem = example.problem();
            html.append("<article class=\"example\">\n");
            ReportImage image = example.image();
            html.append(
                    image == null
                            ? "<div class=\"text-only\">no image</div>\n"
                            : format(
                                    "<div><img alt=\"image of problem %s\" src=\"%s\"></div>\n",
                                    escape(problem.id()), image.dataUri()));
            html.append(format("<div>\n<h3 class=\"question\">%s</h3>\n", escape(problem.question())));
            if (!problem.hint().isBlank()) {
                html.append(format("<p class=\"soft context\">%s</p>\n", escape(problem.hint())));
            }
            html.append("<ol>\n");
            for (int i = 0; i < problem.choices().size(); i++) {
                html.append(format(
                        "<li>%s%s%s</li>\n",
                        escape(problem.choices().get(i)),
                        i == problem.answer() ? mark("correct answer") : "",
                        example.parsedAnswer().equals(new Predicted(i)) ? mark("predicted") : ""));
            }
            html.append(format(
                    "</ol>\n<blockquote>%s</blockquote>\n<p class=\"soft\">%s</p>\n</div>\n</article>\n",
                    escape(example.text()), escape((outcome(example) + " " + example.note()).strip())));
        }
    }

    private static String mark(String word) {
        return format("<span class=\"mark\">%s</span>", word);
    }

    private static String outcome(Example example) {
        if (example.parsedAnswer() instanceof ParsedAnswer.Unparsed failed) {
            return "Unparsed: "
                    + switch (failed.reason()) {
                        case NO_ANSWER -> "the text contains no answer.";
                        case SEVERAL_ANSWERS -> "the text contains several answers.";
                        case OUTSIDE_CHOICES -> "the letter is beyond the last choice.";
                        case NO_TEXT -> "the text is missing.";
                    };
        }
        return example.parsedAnswer().equals(new Predicted(example.problem().answer())) ? "Correct." : "Incorrect.";
    }

    private void settings() {
        section("Run configuration");
        html.append("<dl class=\"settings\">\n");
        report.configuration().general().forEach(this::setting);
        if (report.timings.isEmpty() && report.seconds > 0) {
            setting("time", Html.duration(report.seconds));
        }
        html.append(format(
                "</dl>\n<p class=\"soft\">SHA-256 of the settings (without times): <code>%s</code></p>\n",
                report.configuration().sha256()));
    }

    private void setting(String key, String value) {
        html.append(format("<dt>%s</dt><dd>%s</dd>\n", escape(key), escape(value)));
    }

    private void notes() {
        if (report.notes.isEmpty()) {
            return;
        }
        section("Notes");
        html.append("<ul>\n");
        report.notes.forEach(note -> html.append(format("<li>%s</li>\n", escape(note))));
        html.append("</ul>\n");
    }
}
