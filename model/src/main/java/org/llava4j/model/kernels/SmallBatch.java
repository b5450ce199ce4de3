package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;

/**
 * The input x[R, K] of a product with few rows, in the form that a {@link LinearWeight} reads. It is computed once and
 * shared by the threads.
 *
 * @param rows heap rows of the form in float32; empty if it is {@link Form#NATIVE} or {@link Form#ROUNDED}
 * @param roundedRows rows of {@link Form#ROUNDED}; empty if it is another form
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SmallBatch(Matrix matrix, float[][] rows, RoundedActivations[] roundedRows) {
    /** A row ends with as many zeros at least, which the padding of quantized weights is multiplied with. */
    private static final int PADDING = QuantizedFormat.Q8.blockColumns();

    /** Forms of x. */
    enum Form {
        /** Native memory. */
        NATIVE,
        /** Rows on the heap, padded with zeros. */
        PADDED,
        /** Rows on the heap: values of even columns, then those of odd columns, then the last one if K is odd. */
        DEINTERLEAVED,
        /** {@link RoundedActivations}. */
        ROUNDED
    }

    static SmallBatch of(Matrix x, Form form, QuantizedMath math) {
        if (form == Form.NATIVE) {
            return new SmallBatch(x, new float[0][], new RoundedActivations[0]);
        }
        int columns = x.columns();
        Scratch scratch = Scratch.forCurrentThread();
        if (form == Form.ROUNDED) {
            RoundedActivations[] roundedRows = new RoundedActivations[x.rows()];
            for (int r = 0; r < roundedRows.length; r++) {
                float[] row = scratch.row(0, columns);
                scratch.read(x.row(r), row, columns);
                roundedRows[r] = RoundedActivations.of(row, columns, math);
            }
            return new SmallBatch(x, new float[0][], roundedRows);
        }
        float[][] rows = new float[x.rows()][columns + PADDING];
        for (int r = 0; r < rows.length; r++) {
            if (form == Form.PADDED) {
                scratch.read(x.row(r), rows[r], columns);
            } else {
                float[] row = scratch.row(0, columns);
                scratch.read(x.row(r), row, columns);
                deinterleave(row, columns, rows[r]);
            }
        }
        return new SmallBatch(x, rows, new RoundedActivations[0]);
    }

    float[] row(int r) {
        return rows[r];
    }

    /** {@code float32[R, K / groupSize]}: sums of groups of neighboring values of each row of x. */
    float[][] groupSums(int groupSize) {
        float[][] sums = new float[rows.length][matrix.columns() / groupSize];
        for (int r = 0; r < rows.length; r++) {
            for (int group = 0; group < sums[r].length; group++) {
                float sum = 0;
                for (int i = 0; i < groupSize; i++) {
                    sum += rows[r][group * groupSize + i];
                }
                sums[r][group] = sum;
            }
        }
        return sums;
    }

    private static void deinterleave(float[] from, int n, float[] to) {
        int half = n / 2;
        for (int i = 0; i < half; i++) {
            to[i] = from[2 * i];
            to[half + i] = from[2 * i + 1];
        }
        if (n % 2 == 1) {
            to[n - 1] = from[n - 1];
        }
    }
}
