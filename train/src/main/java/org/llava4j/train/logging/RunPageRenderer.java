package org.llava4j.train.logging;

import static org.llava4j.data.Html.duration;
import static org.llava4j.data.Html.escape;
import static org.llava4j.data.Html.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.data.TextFiles;
import org.llava4j.data.plot.DownsampledCurve;
import org.llava4j.data.plot.PlotAxis;
import org.llava4j.data.plot.SvgPlot;
import org.llava4j.train.logging.RunPage.Content;
import org.llava4j.train.stage.RecipeTable;

/**
 * Renderer of {@code run.html}: a single file that loads nothing from other hosts (its content security policy forbids
 * it), needs no JavaScript, and follows the light or dark setting of the browser.
 */
final class RunPageRenderer {
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";
    private static final int REFRESH_SECONDS = 5;
    private static final int HASH_SHOWN = 12;
    private static final int DIGITS_SHOWN = 9;

    private final Content content;
    private final MetricCurves curves;
    private final int step;
    private final StringBuilder html = new StringBuilder();

    RunPageRenderer(Content content) {
        this.content = content;
        this.curves = content.curves();
        this.step = curves.loss.lastStep();
    }

    String render() {
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.append(format("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", POLICY));
        if (content.result() == null) {
            html.append(format("<meta http-equiv=\"refresh\" content=\"%d\">\n", REFRESH_SECONDS));
        }
        String name = escape(content.start().name());
        html.append(format(
                "<title>%s %s</title>\n<style>\n%s</style>\n</head>\n",
                name, state(), TextFiles.resource(RunPageRenderer.class, "run.css")));
        html.append(format(
                "<body>\n<main>\n<header><h1>%s</h1><p class=\"state %s\">%s</p></header>\n", name, state(), state()));
        status();
        tiles();
        panels();
        RunResult result = content.result();
        if (result != null && result.report() != null) {
            report(result.report());
        }
        recipe(RecipeTable.of(content.start().stage()));
        html.append(format("<p class=\"soft\">Written %s.</p>\n", content.written()));
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    private String state() {
        RunResult result = content.result();
        if (result == null) {
            return "running";
        }
        return switch (result.outcome()) {
            case FINISHED -> "finished";
            case STOPPED -> "stopped";
            case FAILED -> "failed";
        };
    }

    private void status() {
        int total = content.start().totalSteps();
        html.append(format(
                "<div class=\"bar\" role=\"img\" aria-label=\"%d of %d steps\"><i style=\"width:%.1f%%\"></i></div>\n",
                step, total, 100.0 * step / total));
        String text;
        if (content.result() != null) {
            text = content.result().message();
        } else if (step == total) {
            text = "training is finished, writing the model";
        } else {
            Progress last = content.last();
            text = last == null ? "" : duration(last.remainingMs() * 1e-3) + " left";
        }
        html.append(format("<p class=\"lead\">Step %d of %d: %s</p>\n", step, total, escape(text)));
    }

    private void tiles() {
        List<String> tiles = new ArrayList<>();
        Progress last = content.last();
        if (last != null) {
            tiles.add(tile("smoothed loss", format("%.4f", last.smoothedLoss())));
            tiles.add(tile("learning rate", PlotAxis.format(last.step().learningRate())));
            tiles.add(tile("gradient norm", format("%.3g", last.step().gradNorm())));
            tiles.add(tile("tokens per second", format("%.0f", last.tokensPerSecond())));
            tiles.add(tile("samples seen", format("%d", last.samples())));
            tiles.add(tile(
                    "padding",
                    format(
                            "%.1f %%%s",
                            100 * last.paddingShare(), ProgressLine.unpacked(last.unpackedPaddingShare()))));
            tiles.add(tile("target tokens", format("%.1f %%", 100 * last.targetTokenShare())));
            tiles.add(tile("memory", format("%d MB", last.rssBytes() >> 20)));
            tiles.add(tile("elapsed (this process)", duration(last.elapsedMs() * 1e-3)));
        }
        if (!curves.validationLoss.isEmpty()) {
            tiles.add(tile("validation loss", format("%.4f", curves.validationLoss.lastValue())));
        }
        if (!curves.validationAccuracy.isEmpty()) {
            tiles.add(tile("validation accuracy", format("%.1f %%", 100 * curves.validationAccuracy.lastValue())));
        }
        if (content.checkpoint() != null) {
            String name = content.checkpoint().getFileName().toString();
            tiles.add(tile("last checkpoint", name.replaceFirst("checkpoint-0*", "step ")));
        }
        html.append("<dl class=\"tiles\">\n").append(String.join("", tiles)).append("</dl>\n");
    }

    private static String tile(String label, String value) {
        return format("<div><dt>%s</dt><dd>%s</dd></div>\n", label, escape(value));
    }

    private void panels() {
        PlotAxis losses = SvgPlot.axisOf(false, curves.loss, curves.smoothedLoss, curves.validationLoss);
        SvgPlot loss = new SvgPlot("Loss", 940, 300, PlotAxis.steps(step), losses)
                .band(curves.loss, "each")
                .line(curves.smoothedLoss, "curve")
                .line(curves.validationLoss, "second")
                .dots(curves.validationLoss, "second");
        html.append(format(
                "<figure><h3>Loss</h3>%s<figcaption>Thin: every step. Thick: smoothed.%s%s</figcaption></figure>\n",
                loss.svg(),
                curves.validationLoss.isEmpty() ? "" : " Dots: validation set.",
                losses.logarithmic() ? " Logarithmic scale." : ""));
        html.append("<div class=\"panels\">\n");
        panel("Learning rate", true, curves.learningRate, false);
        panel("Gradient norm before clipping", false, curves.gradNorm, true);
        panel("Tokens per second", true, curves.tokensPerSecond, false);
        panel("Resident memory, MB", true, curves.memoryMb, true);
        html.append("</div>\n");
    }

    /** @param peaks whether to draw the range of each column, for metrics whose single steps matter */
    private void panel(String title, boolean fromZero, DownsampledCurve curve, boolean peaks) {
        SvgPlot panel = new SvgPlot(title, 460, 190, PlotAxis.steps(step), SvgPlot.axisOf(fromZero, curve));
        SvgPlot plot = peaks ? panel.band(curve, "curve") : panel.line(curve, "curve");
        html.append(format("<figure><h3>%s</h3>%s</figure>\n", title, plot.svg()));
    }

    private void report(JsonNode report) {
        html.append("<h2>Trained and frozen weights</h2>\n<div class=\"scroll\"><table><thead><tr>");
        for (String head : List.of("group", "parameters", "norm before", "norm after", "SHA-256 before", "after", "")) {
            html.append(format("<th scope=\"col\">%s</th>", head));
        }
        html.append("</tr></thead><tbody>\n");
        report.path("groups").forEach(this::group);
        html.append("</tbody></table></div>\n");
        sources(report.path("sources"));
        html.append("<h2>Run</h2>\n");
        list(report);
    }

    private void sources(JsonNode sources) {
        html.append("<h2>Data sources</h2>\n<div class=\"scroll\"><table><thead><tr>");
        for (String head : List.of("source", "samples", "weight", "samples seen", "share", "format")) {
            html.append(format("<th scope=\"col\">%s</th>", head));
        }
        html.append("</tr></thead><tbody>\n");
        for (JsonNode source : sources) {
            html.append(format(
                    "<tr><th scope=\"row\">%s</th><td>%d</td><td>%s</td><td>%d</td><td>%.1f %%</td><td>%s</td></tr>\n",
                    escape(source.path("data").asText()),
                    source.path("samples").asInt(),
                    source.path("weight").isNumber()
                            ? PlotAxis.format(source.path("weight").asDouble())
                            : "",
                    source.path("samples_seen").asLong(),
                    100 * source.path("share").asDouble(),
                    escape(source.path("format").asText())));
        }
        html.append("</tbody></table></div>\n");
    }

    private void group(JsonNode group) {
        String before = group.at("/before/sha256").asText();
        String after = group.at("/after/sha256").asText();
        boolean changed = !before.equals(after);
        html.append(format(
                "<tr><th scope=\"row\">%s</th><td>%d</td><td>%.4f</td><td>%.4f</td><td><code>%s</code></td>"
                        + "<td><code>%s</code></td><td>%s</td></tr>\n",
                escape(group.path("name").asText()),
                group.path("parameters").asLong(),
                group.at("/before/norm").asDouble(),
                group.at("/after/norm").asDouble(),
                escape(shown(before)),
                escape(shown(after)),
                changed ? "trained" : "frozen, bit-identical"));
    }

    private static String shown(String hash) {
        return hash.substring(0, Math.min(hash.length(), HASH_SHOWN));
    }

    private void recipe(RecipeTable recipe) {
        html.append("<h2>Stage</h2>\n<div class=\"scroll\"><table class=\"recipe\"><thead><tr>");
        List<String> heads = recipe.shipped() == null
                ? List.of("setting", "value")
                : List.of("setting", "value", "default of " + recipe.shipped());
        heads.forEach(head -> html.append(format("<th scope=\"col\">%s</th>", escape(head))));
        html.append("</tr></thead>\n");
        String group = "";
        for (RecipeTable.Row row : recipe.rows()) {
            if (!row.group().equals(group)) {
                html.append(group.isEmpty() ? "" : "</tbody>\n");
                group = row.group();
                html.append(format(
                        "<tbody><tr><th class=\"group\" scope=\"rowgroup\" colspan=\"%d\">%s</th></tr>\n",
                        heads.size(), group));
            }
            List<String> shipped = row.shippedValue();
            html.append(format(
                    "<tr%s><th scope=\"row\">%s</th><td>%s</td>%s</tr>\n",
                    shipped == null ? "" : " class=\"changed\"",
                    escape(row.key()),
                    lines(row.value()),
                    recipe.shipped() == null ? "" : "<td>" + (shipped == null ? "" : lines(shipped)) + "</td>"));
        }
        html.append("</tbody></table></div>\n");
    }

    private static String lines(List<String> value) {
        return escape(String.join("\n", value)).replace("\n", "<br/>");
    }

    private void list(JsonNode values) {
        html.append("<dl class=\"settings\">\n");
        entries("", values);
        html.append("</dl>\n");
    }

    /** Adds values; lists of objects have tables of their own. */
    private void entries(String prefix, JsonNode values) {
        for (Map.Entry<String, JsonNode> entry : values.properties()) {
            JsonNode value = entry.getValue();
            if (value.isObject()) {
                entries(prefix + entry.getKey() + ".", value);
            } else if (!value.isNull() && !value.path(0).isObject()) {
                html.append(format("<dt>%s</dt><dd>%s</dd>\n", escape(prefix + entry.getKey()), escape(shown(value))));
            }
        }
    }

    private static String shown(JsonNode value) {
        if (value.isDouble() && value.asText().length() > DIGITS_SHOWN) {
            return format("%.5g", value.doubleValue());
        }
        List<String> texts = new ArrayList<>();
        value.forEach(element -> texts.add(element.asText()));
        return value.isArray() ? String.join(", ", texts) : value.asText();
    }
}
