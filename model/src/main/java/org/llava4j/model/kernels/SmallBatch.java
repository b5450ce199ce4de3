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
    /** Columns of a word of {@link QuantizedFormat#Q8}. */
    private static final int DIFFERENCE_COLUMNS = Integer.BYTES;

    /** Forms of x. */
    enum Form {
        /** Native memory. */
        NATIVE,
        /** Rows on the heap. */
        PLAIN,
        /** Rows on the heap: values of even columns, then those of odd columns, then the last one if K is odd. */
        DEINTERLEAVED,
        /**
         * Rows on the heap for weights in {@link QuantizedFormat#Q8}, at {@link #indexOfDifference}. By shifts, a word of
         * the values a, b, c and d becomes 2^24 times a, b + a / 2^8, c + b / 2^8 + a / 2^16 and d + c / 2^8 + b / 2^16 + a /
         * 2^24. The dot product of a, b, c and d with x is that of these four with x less 2^-8 times the next column's x
         * (except for d), times 2^-24.
         */
        DIFFERENCES,
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
        float[][] rows = new float[x.rows()][];
        for (int r = 0; r < rows.length; r++) {
            float[] row = new float[columns];
            scratch.read(x.row(r), row, columns);
            rows[r] = switch (form) {
                case DEINTERLEAVED -> deinterleave(row);
                case DIFFERENCES -> differences(row);
                default -> row;
            };
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

    /** Index of a column's number in {@link Form#DIFFERENCES}: those that one shift of all words gives are neighbors. */
    static int indexOfDifference(int column) {
        int block = QuantizedFormat.BLOCK;
        int word = QuantizedFormat.Q8.wordOf(column % block);
        return column / block * block + column % DIFFERENCE_COLUMNS * QuantizedFormat.Q8.blockWords() + word;
    }

    private static float[] differences(float[] row) {
        float[] to = new float[QuantizedFormat.paddedColumns(row.length)];
        int run = QuantizedFormat.Q8.blockWords();
        for (int i = 0; i < row.length; i += DIFFERENCE_COLUMNS) {
            int at = indexOfDifference(i);
            for (int j = 0; j < DIFFERENCE_COLUMNS - 1; j++) {
                to[at + j * run] = (row[i + j] - row[i + j + 1] * 0x1p-8f) * 0x1p-24f;
            }
            to[at + (DIFFERENCE_COLUMNS - 1) * run] = row[i + DIFFERENCE_COLUMNS - 1] * 0x1p-24f;
        }
        return to;
    }

    private static float[] deinterleave(float[] row) {
        int half = row.length / 2;
        float[] to = row.clone();
        for (int i = 0; i < half; i++) {
            to[i] = row[2 * i];
            to[half + i] = row[2 * i + 1];
        }
        return to;
    }
}
