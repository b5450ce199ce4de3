package org.llava4j.model.kernels;

import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An int8-quantized weight of a linear layer ({@link Int8Quantization}). A product with a small batch dequantizes
 * inside the dot product and multiplies the sum by the channel's scale.
 */
record Int8LinearWeight(INDArray array, long address, int outputs, int inputs, MathBackend math)
        implements LowPrecisionLinearWeight {
    /** Bytes of quantized rows copied to the heap at once. */
    private static final int READ_BYTES = 1 << 13;

    static Int8LinearWeight of(INDArray quantized, MathBackend math) {
        int inputs = Math.toIntExact(quantized.size(1)) - Int8Quantization.SCALE_BYTES;
        return new Int8LinearWeight(
                quantized, NativeArray.addressOf(quantized), Math.toIntExact(quantized.size(0)), inputs, math);
    }

    private int rowBytes() {
        return inputs + Int8Quantization.SCALE_BYTES;
    }

    @Override
    public void toFloat32(Scratch scratch, int row, int column, int width, float[] to) {
        long at = address + (long) row * rowBytes();
        float scale = Float.intBitsToFloat(scratch.readInts(at + inputs, 1)[0]);
        math.int8().dequantize(scratch.readBytes(at + column, width), 0, scale, to, width);
    }

    @Override
    public void multiplySmallBatch(Scratch scratch, Matrix x, int n0, int n1, float beta, Matrix y) {
        float[][] xs = new float[x.rows()][];
        for (int r = 0; r < xs.length; r++) {
            float[] row = scratch.row(HEAP_SLOT, inputs);
            scratch.read(x.row(r), row, inputs);
            xs[r] = Int8Quantization.deinterleave(row, inputs);
        }
        float[][] sums = new float[xs.length][n1 - n0];
        int rowInts = rowBytes() / Integer.BYTES;
        int quads = inputs / Integer.BYTES;
        int rowsPerRead = Math.max(1, READ_BYTES / rowBytes());
        for (int n = n0; n < n1; n += rowsPerRead) {
            int count = Math.min(rowsPerRead, n1 - n);
            int[] rows = scratch.readInts(address + (long) n * rowBytes(), count * rowInts);
            for (int i = 0; i < count; i++) {
                float scale = Float.intBitsToFloat(rows[i * rowInts + quads]);
                for (int r = 0; r < xs.length; r++) {
                    sums[r][n - n0 + i] = scale * math.int8().dot(rows, i * rowInts, xs[r], quads);
                }
            }
        }
        LinearWeight.store(scratch, sums, n0, beta, y);
    }
}
