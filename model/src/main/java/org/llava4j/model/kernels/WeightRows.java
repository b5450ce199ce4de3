package org.llava4j.model.kernels;

/**
 * A linear layer's weight as the products read it: float32 rows, whatever it is stored as. A compressed weight decodes
 * a panel of rows at a time into the thread's scratch; float32 hands out its own memory.
 */
interface WeightRows {

    /** N. */
    int outputs();

    /** K. */
    int inputs();

    /** The most rows that {@link #panel} gives at once. */
    int panelRows();

    /**
     * The address of float32[count, K]: rows {@code from} to {@code from + count}, count at most {@link #panelRows}.
     * Valid on this thread until its next call.
     */
    long panel(int from, int count, Scratch scratch);

    /** A float32 weight [N, K] as it lies in memory. */
    record Float32(Matrix matrix) implements WeightRows {
        @Override
        public int outputs() {
            return matrix.rows();
        }

        @Override
        public int inputs() {
            return matrix.columns();
        }

        @Override
        public int panelRows() {
            return matrix.rows();
        }

        @Override
        public long panel(int from, int count, Scratch scratch) {
            return matrix.row(from);
        }
    }
}
