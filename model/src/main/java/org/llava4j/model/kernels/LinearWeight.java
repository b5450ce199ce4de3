package org.llava4j.model.kernels;

import java.util.Arrays;
import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A linear layer's weight [N, K] as products read it: in float32, whatever its storage type. A low-precision weight
 * converts one tile at a time into the thread's scratch memory; a float32 weight returns its own memory.
 */
interface LinearWeight {
    /** Up to this batch size, products read the weight once per row: repacking it for sgemm would cost more. */
    int SMALL_BATCH_ROWS = 8;

    /** Whether all weights are dense and in a data type that products read. */
    static boolean allReadable(INDArray... ws) {
        return Arrays.stream(ws).allMatch(w -> Matrix.allReadable(w) || LowPrecisionLinearWeight.isReadable(w));
    }

    /** A weight that passes {@link #allReadable}. */
    static LinearWeight of(INDArray w, MathBackend math) {
        return LowPrecisionLinearWeight.isReadable(w)
                ? LowPrecisionLinearWeight.of(w, math)
                : new Float32(Matrix.of(w));
    }

    /** The stored weight. */
    WeightMatrix matrix();

    /** N. */
    default int outputs() {
        return matrix().rows();
    }

    /** K. */
    default int inputs() {
        return matrix().columns();
    }

    /** The largest number of rows of a {@link #tile}. */
    int tileRows();

    /** The largest number of columns of a {@link #tile}. */
    int tileColumns();

    /** The distance in floats between the rows of a tile of {@code width} columns. */
    int stride(int width);

    /**
     * Returns the address of a tile {@code float32[count, width]} that starts at {@code row} and {@code column} and has
     * at most {@link #tileRows} rows and {@link #tileColumns} columns. Its rows are {@link #stride} floats apart. It is
     * valid on this thread until the next call.
     */
    long tile(int row, int count, int column, int width, Scratch scratch);

    /** Whether products read rounded x ({@link RoundedActivations}). */
    default boolean roundsActivations() {
        return false;
    }

    /** The form in which {@link #multiplySmallBatch} reads x. */
    SmallBatch.Form smallBatchForm();

    /** sums[r][0..n1 - n0) = x[R, K] w[n0..n1, K]^T, for at most {@link #SMALL_BATCH_ROWS} rows. */
    void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float[][] sums);

    /** y[R, n0..n1] = x[R, K] w[n0..n1, K]^T + beta y, for at most {@link #SMALL_BATCH_ROWS} rows. */
    default void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float beta, Matrix y) {
        float[][] sums = new float[y.rows()][n1 - n0];
        multiplySmallBatch(scratch, x, n0, n1, sums);
        store(scratch, sums, n0, beta, y);
    }

    /** y[r, n0..] = sums[r] + beta y, where beta is 0 or 1. */
    private static void store(Scratch scratch, float[][] sums, int n0, float beta, Matrix y) {
        for (int r = 0; r < sums.length; r++) {
            int width = sums[r].length;
            if (beta != 0) {
                float[] before = scratch.row(0, width);
                scratch.read(y.at(r, n0), before, width);
                for (int i = 0; i < width; i++) {
                    sums[r][i] += before[i];
                }
            }
            scratch.write(sums[r], y.at(r, n0), width);
        }
    }

    /** A float32 weight [N, K]. */
    record Float32(Matrix matrix) implements LinearWeight {
        @Override
        public int tileRows() {
            return matrix.rows();
        }

        @Override
        public int tileColumns() {
            return matrix.columns();
        }

        @Override
        public int stride(int width) {
            return matrix.columns();
        }

        @Override
        public long tile(int row, int count, int column, int width, Scratch scratch) {
            return matrix.at(row, column);
        }

        @Override
        public SmallBatch.Form smallBatchForm() {
            return SmallBatch.Form.NATIVE;
        }

        /**
         * Computes one dot product per row, which reads memory fastest: sgemv interleaves several rows and gets half
         * the bandwidth.
         */
        @Override
        public void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float[][] sums) {
            for (int n = n0; n < n1; n++) {
                for (int r = 0; r < sums.length; r++) {
                    sums[r][n - n0] = Blas.dot(
                            scratch, inputs(), matrix.row(n), x.matrix().row(r));
                }
            }
        }
    }
}
