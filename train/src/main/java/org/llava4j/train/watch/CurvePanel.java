package org.llava4j.train.watch;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import org.llava4j.data.Html;

/** Curves as an SVG with axes, steps from left to right. */
final class CurvePanel {
    private static final int LEFT = 46;
    private static final int RIGHT = 10;
    private static final int TOP = 8;
    private static final int BOTTOM = 24;

    private final int width;
    private final int height;
    private final Axis steps;
    private final Axis values;
    private final StringBuilder svg = new StringBuilder();

    /** @param title what a reader who cannot see it is told */
    CurvePanel(String title, int width, int height, Axis steps, Axis values) {
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
                    LEFT - 6, y(tick) + 3.5, Axis.name(tick)));
        }
        for (double tick : steps.ticks()) {
            svg.append(Html.format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    x(tick), height - BOTTOM + 16, Axis.name(tick)));
        }
    }

    /** An axis for the values of some curves. */
    static Axis axisOf(boolean fromZero, Curve... curves) {
        DoubleSummaryStatistics all =
                Arrays.stream(curves).flatMapToDouble(Curve::values).summaryStatistics();
        if (all.getCount() == 0) {
            return Axis.fromZero(1);
        }
        return fromZero ? Axis.fromZero(all.getMax()) : Axis.around(all.getMin(), all.getMax());
    }

    /** From the lowest to the highest value of each column, so that no step is lost. */
    CurvePanel band(Curve curve, String style) {
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

    /** Through the last value of each column. */
    CurvePanel line(Curve curve, String style) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < curve.columns(); i++) {
            if (curve.has(i)) {
                point(path, x(curve.step(i)), curve.last(i));
            }
        }
        return path(path, style);
    }

    /** A circle at the last value of each column. */
    CurvePanel dots(Curve curve, String style) {
        for (int i = 0; i < curve.columns(); i++) {
            if (curve.has(i)) {
                svg.append(Html.format(
                        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
                        style, x(curve.step(i)), y(curve.last(i))));
            }
        }
        return this;
    }

    private CurvePanel path(StringBuilder path, String style) {
        svg.append(Html.format("<path class=\"%s\" d=\"", style)).append(path).append("\"/>");
        return this;
    }

    private void point(StringBuilder path, double x, double value) {
        path.append(Html.format("%s%.1f %.1f", path.length() == 0 ? "M" : "L", x, y(value)));
    }

    String svg() {
        return svg + "</svg>";
    }

    private double x(double step) {
        return LEFT + (width - LEFT - RIGHT) * steps.place(step);
    }

    private double y(double value) {
        return height - BOTTOM - (height - TOP - BOTTOM) * values.place(value);
    }
}
