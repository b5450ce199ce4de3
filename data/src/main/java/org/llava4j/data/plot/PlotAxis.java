package org.llava4j.data.plot;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.Html;

/**
 * Axis of a plot with its ticks.
 *
 * @param low value at the start
 * @param high value at the end
 * @param logarithmic whether the scale is logarithmic
 * @param ticks labelled values
 */
public record PlotAxis(double low, double high, boolean logarithmic, List<Double> ticks) {
    private static final int TICKS = 4;
    private static final double WIDE = 20;
    private static final int MANY = 7;

    /** A linear axis from 0. */
    public static PlotAxis fromZero(double highest) {
        return linear(0, highest > 0 ? highest : 1);
    }

    /**
     * An axis around positive values, logarithmic if they span more than a factor of 20; from 0 if a value is not
     * positive.
     */
    public static PlotAxis around(double lowest, double highest) {
        if (lowest <= 0) {
            return fromZero(highest);
        }
        if (highest / lowest > WIDE) {
            return logarithmic(lowest, highest);
        }
        return lowest < highest / 2 ? fromZero(highest) : linear(lowest, highest);
    }

    /** An axis of steps, which does not end at a tick. */
    public static PlotAxis steps(int last) {
        double step = Math.max(1, niceStep(last / (TICKS + 2.0)));
        List<Double> ticks = new ArrayList<>();
        for (double at = 0; at <= last; at += step) {
            ticks.add(at);
        }
        return new PlotAxis(0, Math.max(1, last), false, ticks);
    }

    private static PlotAxis linear(double lowest, double highest) {
        double step = niceStep(highest > lowest ? (highest - lowest) / TICKS : Math.abs(highest) / TICKS);
        double low = step * Math.floor(lowest / step);
        double high = step * Math.ceil(highest / step - 1e-9);
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; low + i * step <= high + step / 2; i++) {
            ticks.add(low + i * step);
        }
        return new PlotAxis(low, high > low ? high : low + step, false, ticks);
    }

    private static PlotAxis logarithmic(double lowest, double highest) {
        List<Double> fine = new ArrayList<>();
        List<Double> coarse = new ArrayList<>();
        for (int power = (int) Math.floor(Math.log10(lowest)); Math.pow(10, power) <= highest; power++) {
            for (int factor : new int[] {1, 2, 5}) {
                double tick = factor * Math.pow(10, power);
                if (tick >= lowest && tick <= highest) {
                    fine.add(tick);
                    if (factor == 1) {
                        coarse.add(tick);
                    }
                }
            }
        }
        return new PlotAxis(lowest / 1.1, highest * 1.1, true, fine.size() > MANY ? coarse : fine);
    }

    /** The first of 1, 2, 2.5, 5 times a power of ten that is at least 85 % of {@code rough}. */
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

    /** Position of a value, from 0 at the start to 1 at the end. */
    double fraction(double value) {
        double share = logarithmic
                ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
                : (value - low) / (high - low);
        return Math.max(0, Math.min(1, share));
    }

    /** Shortest readable text of a number. */
    public static String format(double value) {
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e7)) {
            return Html.format("%.1e", value).replace(".0e", "e").replaceAll("e([-+])0", "e$1");
        }
        if (value == Math.rint(value)) {
            return Html.format("%.0f", value);
        }
        String text = Html.format(size >= 1000 ? "%.0f" : "%.3g", value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }
}
