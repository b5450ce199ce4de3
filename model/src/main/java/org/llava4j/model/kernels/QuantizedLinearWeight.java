package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;

/**
 * A quantized weight of a linear layer. A product with a small batch dequantizes inside the dot product: reading the
 * weight dominates its time.
 */
record QuantizedLinearWeight(QuantizedMatrix matrix, MathBackend math) implements LowPrecisionLinearWeight {
    private static final int BLOCKS_ROW = 1;

    @Override
    public void toFloat32(Scratch scratch, int row, int column, int width, float[] to) {
        float[] blocks = scratch.row(BLOCKS_ROW, width + 2 * QuantizedFormat.BLOCK);
        matrix.dequantize(scratch, math.halves(), math.quantized(), row, column, width, blocks, to);
    }

    /** The rows of a thread's part of usual products: OpenBLAS packs x anew for every tile of fewer rows. */
    @Override
    public int tileRows() {
        return QuantizedFormat.BLOCK;
    }

    /** One block, so that none is dequantized for two tiles. */
    @Override
    public int tileColumns() {
        return QuantizedFormat.BLOCK;
    }

    @Override
    public boolean roundsActivations() {
        return matrix.format() == QuantizedFormat.Q4;
    }

    @Override
    public SmallBatch.Form smallBatchForm() {
        return roundsActivations() ? SmallBatch.Form.ROUNDED : SmallBatch.Form.DIFFERENCES;
    }

    @Override
    public void multiplySmallBatch(Scratch scratch, SmallBatch x, int n0, int n1, float[][] sums) {
        int rows = n1 - n0;
        ByteBuffer words = NativeArray.bytes(matrix.row(n0), rows * matrix.rowWords() * Integer.BYTES);
        ByteBuffer scales = NativeArray.bytes(matrix.scales(n0), rows * matrix.rowScales() * Short.BYTES);
        int blocks = matrix.rowWords() / matrix.format().blockWords();
        if (matrix.format() == QuantizedFormat.Q8) {
            math.quantized().dotRowsQ8(words, scales, rows, blocks, x.rows(), sums);
        } else {
            math.quantized().dotRowsQ4(words, scales, rows, blocks, x.roundedRows(), sums);
        }
    }
}
