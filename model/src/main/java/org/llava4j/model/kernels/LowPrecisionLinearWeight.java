package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A linear layer's weight stored in bf16 or fp16, or quantized. A product converts one tile at a time to float32 just before it
 * reads the tile. Products therefore run at the speed of float32 GEMM and equal those of the rounded weight in float32.
 * A tile is about the size of the L2 cache, and in 16 bits nearly square, because GEMM repacks its other operand for every
 * tile.
 */
interface LowPrecisionLinearWeight extends LinearWeight {
    int TILE_ROWS = 384;
    int TILE_COLUMNS = 768;
    int BLOCK_SLOT = 0;
    int HEAP_SLOT = 0;

    /** Whether a weight is stored in low precision and dense. */
    static boolean isReadable(INDArray w) {
        return HalfMatrix.isReadable(w) || QuantizedMatrix.isReadable(w) || BlockMatrix.isReadable(w);
    }

    /** A weight that passes {@link #isReadable}. */
    static LowPrecisionLinearWeight of(INDArray w, MathBackend math) {
        if (BlockFormat.isBlocks(w)) {
            return new BlockLinearWeight(BlockMatrix.of(w), math);
        }
        return QuantizedFormat.isQuantized(w)
                ? new QuantizedLinearWeight(QuantizedMatrix.of(w), math)
                : new HalfLinearWeight(HalfMatrix.of(w), math);
    }

    /**
     * Converts {@code width} elements of a row, starting at {@code column}, to float32 and writes them to the start of
     * {@code to}.
     */
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
        long block = scratch.block(BLOCK_SLOT, (long) tileRows() * tileColumns());
        float[] converted = scratch.row(HEAP_SLOT, width);
        for (int r = 0; r < count; r++) {
            toFloat32(scratch, row + r, column, width, converted);
            scratch.write(converted, block + (long) r * width * Float.BYTES, width);
        }
        return block;
    }
}
