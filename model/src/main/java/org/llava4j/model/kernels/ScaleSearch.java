package org.llava4j.model.kernels;

import java.util.Arrays;

/**
 * Search for the scales of the groups of a row: of nine candidates for each, the one with the smallest squared error. A
 * candidate maps the value of the largest magnitude to a number of steps, rounds all values, and takes the least-squares
 * scale for these integers. So dequantized values get the same integers and scale when they are quantized again.
 *
 * <p>The lanes of a vector are groups, so that sums have the same order, and the same bits, on every CPU.
 */
final class ScaleSearch {
    /** Candidates on either side of the middle one. */
    private static final int CANDIDATES = 4;

    private final Candidates candidates;
    private final QuantizedFormat format;
    private final QuantizedMath math;
    private final int groups;
    /** The value of the largest magnitude of each group. */
    private final float[] largest;
    /** Values as parts of the largest one of their group: the first of all groups before the second of all. */
    private final float[] relative;
    /** Weights of the errors of these values. */
    private final float[] weights;

    private final float[] products;
    private final float[] squares;
    private final float[] gains;
    private final float[] best;

    /**
     * What is tried.
     *
     * @param steps that the middle candidate maps the largest value to
     * @param spacing steps from one candidate to the next
     * @param weighted whether errors count by the squares of the values, because errors of large weights change a model
     *     most
     */
    private record Candidates(int steps, float spacing, boolean weighted) {
        static Candidates of(QuantizedFormat format) {
            return switch (format) {
                // 123 to 127 steps, all of which are representable.
                case Q8 -> new Candidates(125, 0.5f, false);
                // 7.1 to 8.9 steps, of which 8 are representable: with 4 bits, clipping can pay.
                case Q4 -> new Candidates(-8, 0.225f, true);
            };
        }
    }

    /**
     * A search for rows, one after the other.
     *
     * @param columns of a row, with padding
     */
    ScaleSearch(QuantizedFormat format, QuantizedMath math, int columns) {
        this.format = format;
        this.math = math;
        candidates = Candidates.of(format);
        groups = columns / QuantizedFormat.GROUP;
        largest = new float[groups];
        relative = new float[columns];
        weights = new float[columns];
        products = new float[groups];
        squares = new float[groups];
        gains = new float[groups];
        best = new float[groups];
    }

    /** Returns the scales of the groups of a row, 0 for one of zeros, in an array that the next call overwrites. */
    float[] scales(float[] row) {
        for (int group = 0; group < groups; group++) {
            readGroup(row, group);
        }
        Arrays.fill(gains, Float.NEGATIVE_INFINITY);
        Arrays.fill(best, 0);
        for (int i = -CANDIDATES; i <= CANDIDATES; i++) {
            tryCandidate(candidates.steps + i * candidates.spacing);
        }
        for (int group = 0; group < groups; group++) {
            float scale = best[group] * largest[group];
            best[group] = format == QuantizedFormat.Q8 ? Math.abs(scale) : scale;
        }
        return best;
    }

    private void readGroup(float[] row, int group) {
        int from = group * QuantizedFormat.GROUP;
        float most = 0;
        for (int i = from; i < from + QuantizedFormat.GROUP; i++) {
            most = Math.abs(row[i]) > Math.abs(most) ? row[i] : most;
        }
        largest[group] = most;
        float inverse = 1 / most;
        for (int i = 0; i < QuantizedFormat.GROUP; i++) {
            float value = row[from + i] * inverse;
            relative[i * groups + group] = value;
            weights[i * groups + group] = candidates.weighted ? value * value : 1;
        }
    }

    private void tryCandidate(float steps) {
        math.sumRounded(relative, weights, steps, format, products, squares);
        for (int group = 0; group < groups; group++) {
            // The squared error is a constant minus this.
            float gain = products[group] * products[group] / squares[group];
            if (gain > gains[group]) {
                gains[group] = gain;
                best[group] = products[group] / squares[group];
            }
        }
    }
}
