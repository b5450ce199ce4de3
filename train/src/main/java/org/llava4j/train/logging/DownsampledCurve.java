package org.llava4j.train.logging;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * Values by step in bounded room: a column holds the lowest, highest and last value of so many steps, and when all columns
 * are full, each takes in its neighbour. Values that are no numbers are left out.
 */
final class DownsampledCurve {
    private final double[] lowest;
    private final double[] highest;
    private final double[] last;
    private int firstStep = -1;
    private int lastStep = -1;
    private int stepsPerColumn = 1;

    /** @param columns how many at most, an even number; at least half of them are used by a long run */
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

    /** @param step not before the one that was added last */
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

    /** The step in the middle of a column; of the last column that of what it holds. */
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

    /** All that is drawn lies between the ends of these. */
    DoubleStream values() {
        return DoubleStream.concat(Arrays.stream(lowest), Arrays.stream(highest))
                .filter(value -> !Double.isNaN(value));
    }
}
