package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.QuantizedFormat.GROUP;
import static org.llava4j.model.kernels.QuantizedFormat.LANES;

import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A row of activations of a product with a {@link QuantizedFormat#Q4} weight, rounded in groups of {@value
 * QuantizedFormat#GROUP} neighboring values: a value is its integer from -255 to 255 times the scale of its group. All
 * products with such a weight round x in this way, whatever the number of rows, so that a token's result does not depend
 * on what it is computed with.
 *
 * @param values integers of whole blocks, 0 for padding, at {@link #indexOf}
 * @param scales one per group
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record RoundedActivations(short[] values, float[] scales) {
    /** The largest integer: 16 products of it and a value of Q4 fit into 16 bits. */
    static final int MAX = 255;

    private static final int BLOCK = QuantizedFormat.BLOCK;
    /** Values of a word of weights. */
    private static final int WORD = 8;
    /** Values of a 16-bit half of a word. */
    private static final int HALF = WORD / 2;

    private static final int SCALES_SLOT = 1;

    /**
     * Rounds the activations of one row.
     *
     * @param x the values of {@code columns} columns; overwritten
     */
    static RoundedActivations of(float[] x, int columns, QuantizedMath math) {
        int groups = columns / GROUP;
        int padded = QuantizedFormat.paddedColumns(columns);
        float[] scales = new float[padded / GROUP];
        math.roundGroups(x, groups, scales);
        short[] values = new short[padded];
        for (int group = 0; group < groups; group++) {
            int to = indexOf(group * GROUP);
            int from = group * GROUP;
            for (int i = 0; i < GROUP / WORD; i++) {
                for (int j = 0; j < HALF; j++) {
                    int at = to + j * BLOCK / HALF + i * 2 * LANES;
                    values[at] = (short) x[from + i * WORD + j];
                    values[at + 1] = (short) x[from + i * WORD + HALF + j];
                }
            }
        }
        return new RoundedActivations(values, scales);
    }

    /**
     * Index of a column's integer. A block is four runs: run j is multiplied with the j-th value of every 16-bit half of
     * the words of weights.
     */
    static int indexOf(int column) {
        int block = column / BLOCK;
        int group = column % BLOCK / GROUP;
        int word = column % GROUP / WORD;
        int half = column % WORD / HALF;
        int run = column % HALF;
        return block * BLOCK + run * BLOCK / HALF + word * 2 * LANES + group * 2 + half;
    }

    /** Rounds rows of activations to the values that {@link #of} gives, in float32. */
    static void round(Matrix x, int fromRow, int toRow, Matrix to, QuantizedMath math) {
        Scratch scratch = Scratch.forCurrentThread();
        int groups = x.columns() / GROUP;
        float[] row = scratch.row(0, x.columns());
        float[] scales = scratch.row(SCALES_SLOT, groups);
        for (int r = fromRow; r < toRow; r++) {
            scratch.read(x.row(r), row, x.columns());
            math.roundGroups(row, groups, scales);
            math.scaleGroups(row, groups, scales);
            scratch.write(row, to.row(r), x.columns());
        }
    }

    /** Rounds activations [R, K] of any data type. */
    static INDArray round(INDArray x) {
        Matrix exact = Matrix.of(FloatConversion.cast(x, DataType.FLOAT).dup('c'));
        Matrix rounded = Matrix.of(Nd4j.createUninitialized(DataType.FLOAT, x.shape(), 'c'));
        round(exact, 0, exact.rows(), rounded, MathBackend.scalar().quantized());
        return rounded.array().castTo(x.dataType());
    }

    /** 1 / scale of a group; 0 for a group that is zero, not finite, or too small for its inverse to be finite. */
    static float inverseScale(float absMax) {
        return absMax > Float.MIN_NORMAL * MAX && absMax <= Float.MAX_VALUE ? MAX / absMax : 0;
    }
}
