package org.llava4j.train.logging;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * Curve of values by step with bounded memory. Each column holds the minimum, maximum and last value of a range of
 * steps; when all columns are used, neighbours are merged. NaN and infinite values are ignored.
 */
final class DownsampledCurve {
    private final double[] lowest;
    private final double[] highest;
    private final double[] last;
    private int firstStep = -1;
    private int lastStep = -1;
    private int stepsPerColumn = 1;

    /** @param columns maximum number of columns, even; long runs use at least half of them */
    DownsampledCurve(int columns) {
        lowest = empty(columns);
        highest = empty(columns);
        last = empty(columns);
    }

    private static double[] empty(int columns) {
        double[] values = new double[columns];
        Arrays.fill(values, Double.NaN);
        return values;
    }

    /** @param step not before that of the previous call */
    void add(int step, double value) {
        if (!Double.isFinite(value)) {
            return;
        }
        if (firstStep < 0) {
            firstStep = step;
        }
        while ((step - firstStep) / stepsPerColumn >= last.length) {
            merge();
        }
        int column = (step - firstStep) / stepsPerColumn;
        lowest[column] = combine(lowest[column], value, true);
        highest[column] = combine(highest[column], value, false);
        last[column] = value;
        lastStep = step;
    }

    private void merge() {
        int half = last.length / 2;
        for (int i = 0; i < half; i++) {
            lowest[i] = combine(lowest[2 * i], lowest[2 * i + 1], true);
            highest[i] = combine(highest[2 * i], highest[2 * i + 1], false);
            last[i] = Double.isNaN(last[2 * i + 1]) ? last[2 * i] : last[2 * i + 1];
        }
        for (double[] values : new double[][] {lowest, highest, last}) {
            Arrays.fill(values, half, values.length, Double.NaN);
        }
        stepsPerColumn *= 2;
    }

    private static double combine(double a, double b, boolean lower) {
        if (Double.isNaN(a) || Double.isNaN(b)) {
            return Double.isNaN(a) ? b : a;
        }
        return lower ? Math.min(a, b) : Math.max(a, b);
    }

    boolean isEmpty() {
        return firstStep < 0;
    }

    int columns() {
        return last.length;
    }

    boolean has(int column) {
        return !Double.isNaN(last[column]);
    }

    /** The middle step of a column. */
    double step(int column) {
        int from = firstStep + column * stepsPerColumn;
        int to = Math.min(from + stepsPerColumn - 1, lastStep);
        return (from + to) / 2.0;
    }

    double lowest(int column) {
        return lowest[column];
    }

    double highest(int column) {
        return highest[column];
    }

    double last(int column) {
        return last[column];
    }

    int lastStep() {
        return lastStep;
    }

    double lastValue() {
        return last[(lastStep - firstStep) / stepsPerColumn];
    }

    /** Minimum and maximum of all columns. */
    DoubleStream values() {
        return DoubleStream.concat(Arrays.stream(lowest), Arrays.stream(highest))
                .filter(value -> !Double.isNaN(value));
    }
}
