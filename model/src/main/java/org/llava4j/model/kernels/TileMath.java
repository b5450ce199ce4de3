package org.llava4j.model.kernels;

/** Products and softmax of small matrices on the heap, which stay in the caches from one operation to the next. */
interface TileMath {
    /** Columns of a tile. */
    int COLUMNS = 32;

    /** Rows that a product computes at once: an array holds a multiple of them, the last of which may be padding. */
    int ROWS = 8;

    /** A matrix in an array: the value in row i and column j is {@code values[at + i * row + j * column]}. */
    record HeapMatrix(float[] values, int at, int row, int column) {}

    /** {@code rows} rounded up to a multiple of {@link #ROWS}. */
    static int padded(int rows) {
        return (rows + ROWS - 1) / ROWS * ROWS;
    }

    /**
     * {@code c[rows, COLUMNS] = start[rows, COLUMNS] + a[rows, depth] b[depth, COLUMNS]}. All but a are contiguous in each row.
     *
     * @param rows a multiple of {@link #ROWS}
     */
    void multiply(int rows, int depth, HeapMatrix a, HeapMatrix b, HeapMatrix start, HeapMatrix c);

    /**
     * The numerators of softmax over each column: x = exp(x - max).
     *
     * @param x {@code float32[rows, COLUMNS]}
     * @param inverseSums set to 1 over the sum of each column
     */
    void softmaxNumerators(float[] x, int rows, float[] inverseSums);

    /**
     * Backward pass of softmax over each column: dx = p * (dp - dot(p, dp)) with p = numerators * inverseSums.
     *
     * @param numerators {@code float32[rows, COLUMNS]}
     * @param dp {@code float32[rows, COLUMNS]}; receives dx
     */
    void softmaxGrad(float[] numerators, float[] inverseSums, float[] dp, int rows);
}
