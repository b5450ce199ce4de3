package org.llava4j.eval.report;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.Html;

/** Line chart of one loss curve as SVG. Long runs are averaged down to the width of the chart. */
final class LossChart {
    private static final int WIDTH = 380;
    private static final int HEIGHT = 210;
    private static final int LEFT = 40;
    private static final int RIGHT = 14;
    private static final int TOP = 14;
    private static final int BOTTOM = 34;
    private static final int MAX_PLOTTED = 260;
    private static final int TICKS = 4;

    private final LossCurve curve;
    private final List<LossCurve.Point> finite;
    private final List<LossCurve.Point> plotted;
    private final double lastStep;
    private final double step;
    private final double top;

    LossChart(LossCurve curve) {
        this.curve = curve;
        this.finite = curve.points().stream()
                .filter(point -> Double.isFinite(point.loss()))
                .toList();
        this.plotted = downsampled(finite);
        double highest =
                plotted.stream().mapToDouble(LossCurve.Point::loss).max().orElse(1);
        this.step = niceStep(highest / TICKS);
        this.top = step * Math.max(1, Math.ceil(highest / step));
        this.lastStep = Math.max(
                1, plotted.isEmpty() ? 1 : plotted.get(plotted.size() - 1).step());
    }

    String svg() {
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"loss\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Loss of %s\">",
                WIDTH, HEIGHT, Html.escape(curve.name())));
        for (int i = 0; i * step <= top * 1.0001; i++) {
            double y = y(i * step);
            svg.append(Html.format("<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT));
            svg.append(Html.format(
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 6, y + 3.5, number(i * step)));
        }
        double stepOfSteps = Math.ceil(niceStep(lastStep / TICKS));
        for (double s = 0; s <= lastStep; s += stepOfSteps) {
            svg.append(Html.format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    x(s), HEIGHT - BOTTOM + 16, number(s)));
        }
        svg.append(Html.format("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">step</text>", WIDTH - RIGHT, HEIGHT - 4));
        svg.append("<path class=\"curve\" d=\"").append(path()).append("\"/>");
        if (!plotted.isEmpty()) {
            LossCurve.Point last = plotted.get(plotted.size() - 1);
            svg.append(
                    Html.format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", x((double) last.step()), y(last.loss())));
        }
        return svg.append("</svg>").toString();
    }

    /** Caption with the first and last loss and the number of steps that are not plotted. */
    String caption() {
        if (finite.isEmpty()) {
            return "no finite loss";
        }
        int nonFinite = curve.points().size() - finite.size();
        return Html.format(
                "%.3f to %.3f in %d steps%s",
                finite.get(0).loss(),
                finite.get(finite.size() - 1).loss(),
                curve.points().size(),
                nonFinite == 0 ? "" : ", " + nonFinite + " of them without a finite loss");
    }

    private String path() {
        StringBuilder path = new StringBuilder();
        for (LossCurve.Point point : plotted) {
            path.append(Html.format(
                    "%s%.1f %.1f", path.length() == 0 ? "M" : "L", x((double) point.step()), y(point.loss())));
        }
        return path.toString();
    }

    private double x(double steps) {
        return LEFT + (WIDTH - LEFT - RIGHT) * steps / lastStep;
    }

    private double y(double loss) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * Math.max(0, loss) / top;
    }

    private static List<LossCurve.Point> downsampled(List<LossCurve.Point> points) {
        int size = (points.size() + MAX_PLOTTED - 1) / MAX_PLOTTED;
        if (size <= 1) {
            return points;
        }
        List<LossCurve.Point> means = new ArrayList<>();
        for (int from = 0; from < points.size(); from += size) {
            List<LossCurve.Point> group = points.subList(from, Math.min(points.size(), from + size));
            double mean =
                    group.stream().mapToDouble(LossCurve.Point::loss).average().orElseThrow();
            means.add(new LossCurve.Point(group.get(group.size() - 1).step(), mean));
        }
        return means;
    }

    /** Tick distance: the first of 1, 2, 2.5, 5 times a power of ten that is at least 0.85 times {@code rough}. */
    private static double niceStep(double rough) {
        if (rough <= 0) {
            return 1;
        }
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        for (double factor : new double[] {1, 2, 2.5, 5}) {
            if (factor * power >= rough * 0.85) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? Html.format("%.0f", value)
                : Html.format("%.3g", value).replaceAll("0+$", "");
    }
}
