package org.llava4j.data.pretraining;

import java.util.List;
import org.llava4j.data.Html;

/** HTML page of a {@link ConceptReport}: selection, frequency curves before and after, and example phrases. */
final class ConceptReportPage {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 320;
    private static final int LEFT = 60;
    private static final int BOTTOM = 40;

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
    private final double decadesOfRanks;
    private final double decadesOfCounts;

    ConceptReportPage(ConceptReport report) {
        this.report = report;
        decadesOfRanks = decades(report.before().stream()
                .mapToInt(ConceptReport.Point::rank)
                .max()
                .orElse(1));
        decadesOfCounts = decades(report.before().stream()
                .mapToInt(ConceptReport.Point::count)
                .max()
                .orElse(1));
    }

    private static double decades(int most) {
        return Math.max(1, Math.ceil(Math.log10(most)));
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
                selection.tieOrder().name().toLowerCase(java.util.Locale.ROOT),
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
        chart(page);
        page.append("<h2>Example phrases</h2><table><tr><th>phrase</th><th>before</th><th>after</th></tr>");
        report.examples().forEach(example -> row(page, example.phrase(), example.before(), example.after()));
        return page.append("</table></html>\n").toString();
    }

    private static void row(StringBuilder page, String name, int before, int after) {
        page.append(Html.format("<tr><td>%s</td><td>%,d</td><td>%,d</td></tr>", Html.escape(name), before, after));
    }

    private void chart(StringBuilder page) {
        page.append(Html.format(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"phrase frequency by rank before and after\">",
                WIDTH + LEFT + 20, HEIGHT + BOTTOM + 10));
        for (int decade = 0; decade <= decadesOfCounts; decade++) {
            double y = y(Math.pow(10, decade));
            page.append(Html.format(
                    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%,.0f</text>",
                    LEFT, y, LEFT + WIDTH, LEFT - 6, y + 4, Math.pow(10, decade)));
        }
        for (int decade = 0; decade <= decadesOfRanks; decade++) {
            page.append(Html.format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%,.0f</text>",
                    x(Math.pow(10, decade)), HEIGHT + 28, Math.pow(10, decade)));
        }
        line(page, "before", report.before(), 24);
        line(page, "after", report.after(), 44);
        page.append("</svg>");
    }

    private void line(StringBuilder page, String name, List<ConceptReport.Point> points, int legendY) {
        StringBuilder path = new StringBuilder();
        for (ConceptReport.Point point : points) {
            path.append(path.isEmpty() ? 'M' : 'L').append(Html.format("%.1f %.1f", x(point.rank()), y(point.count())));
        }
        int legendX = LEFT + WIDTH - 120;
        page.append(Html.format(
                "<path class=\"line %s\" d=\"%s\"/><path class=\"line %s\" d=\"M%d %dh30\"/><text x=\"%d\" y=\"%d\">%s</text>",
                name, path, name, legendX, legendY, legendX + 38, legendY + 4, name));
    }

    private double x(double rank) {
        return LEFT + WIDTH * Math.log10(rank) / decadesOfRanks;
    }

    private double y(double count) {
        return 10 + HEIGHT * (1 - Math.log10(count) / decadesOfCounts);
    }
}
