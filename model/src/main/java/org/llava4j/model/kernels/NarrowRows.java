package org.llava4j.model.kernels;

/**
 * A weight kept in 16 bits: tiles of it are widened to float32 just before a product reads them, so that products run
 * at float32's speed and give float32's results on the rounded values. A tile is nearly square, since the product packs
 * its other operand anew for each, and about as large as a processor's second cache. For a few rows of x, reading the
 * weight is what takes time: each of its rows is widened in the sum itself.
 */
record NarrowRows(NarrowMatrix matrix, Lanes lanes) implements WeightRows {
    private static final int TILE_ROWS = 384;
    private static final int TILE_COLUMNS = 768;
    private static final int BLOCK_SLOT = 0;
    private static final int HEAP_SLOT = 0;

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
        return TILE_ROWS;
    }

    @Override
    public int tileColumns() {
        return TILE_COLUMNS;
    }

    @Override
    public int stride(int width) {
        return width;
    }

    @Override
    public long tile(int row, int count, int column, int width, Scratch scratch) {
        long block = scratch.block(BLOCK_SLOT, (long) TILE_ROWS * TILE_COLUMNS);
        float[] wide = scratch.row(HEAP_SLOT, width);
        for (int r = 0; r < count; r++) {
            matrix.widen(scratch, lanes.halves(), row + r, column, width, wide);
            scratch.write(wide, block + (long) r * width * Float.BYTES, width);
        }
        return block;
    }

    @Override
    public void timesFew(Scratch scratch, Matrix x, int n0, int n1, float beta, Matrix y) {
        float[][] xs = new float[x.rows()][inputs()];
        float[][] ys = new float[x.rows()][n1 - n0];
        float[] row = scratch.row(HEAP_SLOT, inputs());
        for (int r = 0; r < xs.length; r++) {
            scratch.read(x.row(r), row, inputs());
            NarrowMatrix.paired(row, inputs(), xs[r]);
        }
        float[] sums = new float[xs.length];
        for (int n = n0; n < n1; n++) {
            matrix.dot(scratch, lanes.halves(), n, xs, sums);
            for (int r = 0; r < xs.length; r++) {
                ys[r][n - n0] = sums[r];
            }
        }
        WeightRows.put(scratch, ys, n0, beta, y);
    }
}
