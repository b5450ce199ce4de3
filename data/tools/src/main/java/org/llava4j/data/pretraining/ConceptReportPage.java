package org.llava4j.data.pretraining;

import java.util.List;
import org.llava4j.data.EnumName;
import org.llava4j.data.Html;
import org.llava4j.data.plot.PlotAxis;
import org.llava4j.data.plot.SvgPlot;

/** HTML page of a {@link ConceptReport}: selection, frequency curves before and after, and example phrases. */
final class ConceptReportPage {
    private static final String HEAD = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Concepts of captions</title>
            <meta name="viewport" content="width=device-width">
            <style>
            :root { color-scheme: light dark; --before: #8a8f98; --after: #2a6fdb; }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2em auto; padding: 0 1em; }
            table { border-collapse: collapse; width: 100%; } td, th { padding: .2em .6em; text-align: right; }
            td:first-child, th:first-child { text-align: left; } tr { border-bottom: 1px solid #8884; }
            svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
            .grid { stroke: #8884; } .before { stroke: var(--before); stroke-dasharray: 6 4; } .after { stroke: var(--after); }
            .line { fill: none; stroke-width: 2; }
            </style>
            """;

    private final ConceptReport report;

    ConceptReportPage(ConceptReport report) {
        this.report = report;
    }

    String html() {
        StringBuilder page = new StringBuilder(HEAD);
        page.append("<h1>Concepts of captions</h1><p>")
                .append(Html.escape(report.summary()))
                .append(".</p>");
        RarestFirstSelection selection = report.selection();
        page.append(Html.format(
                "<p>Phrases of fewer than %d captions were ignored. From the rarest phrase up all its captions were"
                        + " selected; of more than %d captions a random %d (%s; ties %s; seed %d).</p>",
                selection.minCount(),
                selection.maxPerPhrase(),
                selection.maxPerPhrase(),
                selection.countSelected()
                        ? "captions already selected count"
                        : "captions already selected do not count",
                EnumName.of(selection.tieOrder()),
                selection.seed()));
        page.append("<table><tr><th></th><th>before</th><th>after</th></tr>");
        row(page, "captions", report.captions(), report.selected());
        row(page, "distinct phrases", report.phrases(), report.phrasesAfter());
        row(
                page,
                "of them in " + selection.minCount() + " captions or more",
                report.frequentPhrases(),
                report.frequentPhrasesAfter());
        page.append("</table><h2>Captions per phrase, by rank</h2>");
        page.append(plot().svg()).append("<p>Dashed: before. Solid: after.</p>");
        page.append("<h2>Example phrases</h2><table><tr><th>phrase</th><th>before</th><th>after</th></tr>");
        report.examples().forEach(example -> row(page, example.phrase(), example.before(), example.after()));
        return page.append("</table></html>\n").toString();
    }

    private static void row(StringBuilder page, String name, int before, int after) {
        page.append(Html.format("<tr><td>%s</td><td>%,d</td><td>%,d</td></tr>", Html.escape(name), before, after));
    }

    private SvgPlot plot() {
        int maxRank = report.before().stream()
                .mapToInt(ConceptReport.Point::rank)
                .max()
                .orElse(1);
        int maxCount = report.before().stream()
                .mapToInt(ConceptReport.Point::count)
                .max()
                .orElse(1);
        return new SvgPlot(
                        "phrase frequency by rank before and after",
                        800,
                        370,
                        PlotAxis.around(1, maxRank),
                        PlotAxis.around(1, maxCount))
                .line(points(report.before()), "line before")
                .line(points(report.after()), "line after");
    }

    private static List<SvgPlot.Point> points(List<ConceptReport.Point> curve) {
        return curve.stream()
                .map(point -> new SvgPlot.Point(point.rank(), point.count()))
                .toList();
    }
}
