package org.llava4j.data.plot;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * Curve of values by step with bounded memory. Each column holds the minimum, maximum and mean of a range of steps;
 * when all columns are used, neighbours are merged.
 */
public final class DownsampledCurve {
    private final double[] lowest;
    private final double[] highest;
    private final double[] sum;
    private final int[] count;
    private double lastValue = Double.NaN;
    private int firstStep = -1;
    private int lastStep = -1;
    private int stepsPerColumn = 1;

    /** @param columns maximum number of columns, even; long runs use at least half of them */
    public DownsampledCurve(int columns) {
        lowest = empty(columns);
        highest = empty(columns);
        sum = new double[columns];
        count = new int[columns];
    }

    private static double[] empty(int columns) {
        double[] values = new double[columns];
        Arrays.fill(values, Double.NaN);
        return values;
    }

    /** Adds a value. Ignored are NaN, infinite values, and steps before the last one. */
    public void add(int step, double value) {
        if (!Double.isFinite(value) || step < lastStep) {
            return;
        }
        if (firstStep < 0) {
            firstStep = step;
        }
        while ((step - firstStep) / stepsPerColumn >= count.length) {
            merge();
        }
        int column = (step - firstStep) / stepsPerColumn;
        lowest[column] = combine(lowest[column], value, true);
        highest[column] = combine(highest[column], value, false);
        sum[column] += value;
        count[column]++;
        lastValue = value;
        lastStep = step;
    }

    private void merge() {
        int half = count.length / 2;
        for (int i = 0; i < half; i++) {
            lowest[i] = combine(lowest[2 * i], lowest[2 * i + 1], true);
            highest[i] = combine(highest[2 * i], highest[2 * i + 1], false);
            sum[i] = sum[2 * i] + sum[2 * i + 1];
            count[i] = count[2 * i] + count[2 * i + 1];
        }
        Arrays.fill(lowest, half, lowest.length, Double.NaN);
        Arrays.fill(highest, half, highest.length, Double.NaN);
        Arrays.fill(sum, half, sum.length, 0);
        Arrays.fill(count, half, count.length, 0);
        stepsPerColumn *= 2;
    }

    private static double combine(double a, double b, boolean lower) {
        if (Double.isNaN(a) || Double.isNaN(b)) {
            return Double.isNaN(a) ? b : a;
        }
        return lower ? Math.min(a, b) : Math.max(a, b);
    }

    public boolean isEmpty() {
        return firstStep < 0;
    }

    int columns() {
        return count.length;
    }

    boolean has(int column) {
        return count[column] > 0;
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

    double mean(int column) {
        return sum[column] / count[column];
    }

    /** The step of the last value; -1 if there is none. */
    public int lastStep() {
        return lastStep;
    }

    public double lastValue() {
        return lastValue;
    }

    /** Minimum and maximum of all columns. */
    DoubleStream values() {
        return DoubleStream.concat(Arrays.stream(lowest), Arrays.stream(highest))
                .filter(value -> !Double.isNaN(value));
    }
}
