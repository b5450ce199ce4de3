package org.llava4j.model.kernels;

/**
 * A weight kept in fewer than 32 bits: tiles of it are widened to float32 just before a product reads them, so that
 * products run at float32's speed and give float32's results on the rounded values. A tile is nearly square, since the
 * product packs its other operand anew for each, and about as large as a processor's second cache.
 */
interface LowPrecisionLinearWeight extends LinearWeight {
    int TILE_ROWS = 384;
    int TILE_COLUMNS = 768;
    int BLOCK_SLOT = 0;
    int HEAP_SLOT = 0;

    /** Writes the float32 values of {@code width} elements of a row, from a column on, to the front of {@code to}. */
    void toFloat32(Scratch scratch, int row, int column, int width, float[] to);

    @Override
    default int tileRows() {
        return TILE_ROWS;
    }

    @Override
    default int tileColumns() {
        return TILE_COLUMNS;
    }

    @Override
    default int stride(int width) {
        return width;
    }

    @Override
    default long tile(int row, int count, int column, int width, Scratch scratch) {
        long block = scratch.block(BLOCK_SLOT, (long) TILE_ROWS * TILE_COLUMNS);
        float[] wide = scratch.row(HEAP_SLOT, width);
        for (int r = 0; r < count; r++) {
            toFloat32(scratch, row + r, column, width, wide);
            scratch.write(wide, block + (long) r * width * Float.BYTES, width);
        }
        return block;
    }
}
