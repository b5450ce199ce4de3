package org.llava4j.model.kernels;

/**
 * A linear layer's weight [N, K] as the products read it: float32, whatever it is stored as. A compressed weight decodes
 * a tile at a time into the thread's scratch; float32 hands out its own memory.
 */
interface LinearWeight {
    /** Up to this many rows of x a product reads the weight once per row: packing it for sgemm would cost more. */
    int SMALL_BATCH_ROWS = 8;

    /** N. */
    int outputs();

    /** K. */
    int inputs();

    /** The most rows that {@link #tile} gives at once. */
    int tileRows();

    /** The most columns that {@link #tile} gives at once. */
    int tileColumns();

    /** How many floats apart the rows of a tile of {@code width} columns lie. */
    int stride(int width);

    /**
     * The address of float32[count, width], its rows {@link #stride} apart: from {@code row} and {@code column} on, at
     * most {@link #tileRows} by {@link #tileColumns}. Valid on this thread until its next call.
     */
    long tile(int row, int count, int column, int width, Scratch scratch);

    /** y[R, n0..n1] = x[R, K] w[n0..n1, K]^T + beta y, for at most {@link #SMALL_BATCH_ROWS} rows. */
    void multiplySmallBatch(Scratch scratch, Matrix x, int n0, int n1, float beta, Matrix y);

    /** y[r, n0..] = sums[r] + beta y, beta being 0 or 1. */
    static void store(Scratch scratch, float[][] sums, int n0, float beta, Matrix y) {
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

    /** A float32 weight [N, K] as it lies in memory. */
    record Float32(Matrix matrix) implements LinearWeight {
        @Override
        public int outputs() {
            return matrix.rows();
        }

        @Override
        public int inputs() {
            return matrix.columns();
        }

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

        /** Row by row, as memory is read fastest: sgemv, which reads several rows side by side, gets half the rate. */
        @Override
        public void multiplySmallBatch(Scratch scratch, Matrix x, int n0, int n1, float beta, Matrix y) {
            float[][] sums = new float[x.rows()][n1 - n0];
            for (int n = n0; n < n1; n++) {
                for (int r = 0; r < sums.length; r++) {
                    sums[r][n - n0] = Blas.dot(scratch, inputs(), matrix.row(n), x.row(r));
                }
            }
            LinearWeight.store(scratch, sums, n0, beta, y);
        }
    }
}
