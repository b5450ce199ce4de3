package org.llava4j.eval.report;

import org.jspecify.annotations.Nullable;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;

/** Bar chart of one accuracy as SVG: scale from 0 to 100 %, 95 % interval as a whisker, chance as a dashed line. */
final class AccuracyBar {
    private static final int WIDTH = 200;
    private static final int HEIGHT = 18;

    private AccuracyBar() {}

    static String svg(AnswerCounts counts, @Nullable Double chance) {
        if (counts.total() == 0) {
            return "";
        }
        AnswerCounts.ConfidenceInterval interval = counts.wilson();
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"bar\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s of 100 percent\">",
                WIDTH, HEIGHT, Html.percent(counts.accuracy(), 1)));
        svg.append(Html.format("<rect class=\"scale\" x=\"0\" y=\"5\" width=\"%d\" height=\"8\"/>", WIDTH));
        svg.append(Html.format(
                "<rect class=\"value\" x=\"0\" y=\"5\" width=\"%.2f\" height=\"8\"/>", WIDTH * counts.accuracy()));
        double low = WIDTH * interval.low();
        double high = WIDTH * interval.high();
        svg.append(Html.format(
                "<path class=\"whisker\" d=\"M%.2f 9H%.2f M%.2f 5.5v7 M%.2f 5.5v7\"/>", low, high, low, high));
        if (chance != null) {
            svg.append(Html.format("<path class=\"chance\" d=\"M%.2f 0v%d\"/>", WIDTH * chance, HEIGHT));
        }
        return svg.append("</svg>").toString();
    }
}
