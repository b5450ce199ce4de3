package org.llava4j.data.plot;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import org.llava4j.data.Html;

/** SVG plot of curves by step, with axes. */
public final class SvgPlot {
    private static final int LEFT = 46;
    private static final int RIGHT = 10;
    private static final int TOP = 8;
    private static final int BOTTOM = 24;

    private final int width;
    private final int height;
    private final PlotAxis steps;
    private final PlotAxis values;
    private final StringBuilder svg = new StringBuilder();

    /** @param title label for screen readers */
    public SvgPlot(String title, int width, int height, PlotAxis steps, PlotAxis values) {
        this.width = width;
        this.height = height;
        this.steps = steps;
        this.values = values;
        svg.append(Html.format(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", width, height, Html.escape(title)));
        for (double tick : values.ticks()) {
            svg.append(Html.format("<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y(tick), width - RIGHT));
            svg.append(Html.format(
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    LEFT - 6, y(tick) + 3.5, PlotAxis.format(tick)));
        }
        for (double tick : steps.ticks()) {
            svg.append(Html.format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    x(tick), height - BOTTOM + 16, PlotAxis.format(tick)));
        }
    }

    /** An axis that fits the values of some curves. */
    public static PlotAxis axisOf(boolean fromZero, DownsampledCurve... curves) {
        DoubleSummaryStatistics all =
                Arrays.stream(curves).flatMapToDouble(DownsampledCurve::values).summaryStatistics();
        if (all.getCount() == 0) {
            return PlotAxis.fromZero(1);
        }
        return fromZero ? PlotAxis.fromZero(all.getMax()) : PlotAxis.around(all.getMin(), all.getMax());
    }

    /** Draws the range from minimum to maximum of each column, so that no step is lost. */
    public SvgPlot band(DownsampledCurve curve, String style) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < curve.columns(); i++) {
            if (curve.has(i)) {
                double x = x(curve.step(i));
                point(path, x, curve.lowest(i));
                if (curve.highest(i) > curve.lowest(i)) {
                    point(path, x, curve.highest(i));
                }
            }
        }
        return path(path, style);
    }

    /** A point of a curve. */
    public record Point(double x, double y) {}

    /** Draws a line through points. */
    public SvgPlot line(List<Point> points, String style) {
        StringBuilder path = new StringBuilder();
        points.forEach(point -> point(path, x(point.x()), point.y()));
        return path(path, style);
    }

    /** Draws a line through the mean of each column. */
    public SvgPlot line(DownsampledCurve curve, String style) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < curve.columns(); i++) {
            if (curve.has(i)) {
                point(path, x(curve.step(i)), curve.mean(i));
            }
        }
        return path(path, style);
    }

    /** Draws a circle at the mean of each column. */
    public SvgPlot dots(DownsampledCurve curve, String style) {
        for (int i = 0; i < curve.columns(); i++) {
            if (curve.has(i)) {
                svg.append(Html.format(
                        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
                        style, x(curve.step(i)), y(curve.mean(i))));
            }
        }
        return this;
    }

    private SvgPlot path(StringBuilder path, String style) {
        svg.append(Html.format("<path class=\"%s\" d=\"", style)).append(path).append("\"/>");
        return this;
    }

    private void point(StringBuilder path, double x, double value) {
        path.append(Html.format("%s%.1f %.1f", path.length() == 0 ? "M" : "L", x, y(value)));
    }

    /** The text of the element. */
    public String svg() {
        return svg + "</svg>";
    }

    private double x(double step) {
        return LEFT + (width - LEFT - RIGHT) * steps.fraction(step);
    }

    private double y(double value) {
        return height - BOTTOM - (height - TOP - BOTTOM) * values.fraction(value);
    }
}
