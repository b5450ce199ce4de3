package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Int8 weight quantization of linear layers: symmetric, with one scale per output channel (absmax). A quantized weight
 * is {@code int8[N, K + 4]}: a row holds K integers from -127 to 127, then the four bytes of its float32 scale, which
 * is the row's largest magnitude divided by 127. It takes a quarter of the memory of float32. Products use the
 * dequantized values.
 */
public final class Int8Quantization {
    static final int SCALE_BYTES = Float.BYTES;
    private static final int MAX_MAGNITUDE = 127;

    private Int8Quantization() {}

    /** Whether a weight can be quantized: rank 2 with K a multiple of 4, because products read four values at once. */
    static boolean canQuantize(long... shape) {
        return shape.length == 2 && shape[1] % Integer.BYTES == 0;
    }

    /** Whether an array is a quantized weight. */
    static boolean isQuantized(INDArray array) {
        return array.dataType() == DataType.BYTE;
    }

    /** Returns K, the input width of a weight, quantized or not. */
    public static long inputs(INDArray weight) {
        return isQuantized(weight) ? weight.size(1) - SCALE_BYTES : weight.length() / weight.size(0);
    }

    static boolean isReadable(INDArray array) {
        return isQuantized(array) && array.rank() == 2 && Matrix.isDense(array);
    }

    /**
     * Quantizes a weight {@code float32[N, K]}. Returns the same array if {@link #canQuantize} is false for its shape.
     *
     * @param weight dense, in C order
     */
    public static INDArray quantize(INDArray weight) {
        if (!canQuantize(weight.shape())) {
            return weight;
        }
        int inputs = Math.toIntExact(weight.size(1));
        int width = inputs + SCALE_BYTES;
        Matrix from = Matrix.of(FloatConversion.cast(weight, DataType.FLOAT));
        INDArray quantized = Nd4j.createUninitialized(DataType.BYTE, new long[] {from.rows(), width}, 'c');
        NativeArray to = new NativeArray(quantized);
        float[] row = new float[inputs];
        ByteBuffer bytes = ByteBuffer.allocate(width).order(ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < from.rows(); n++) {
            Scratch.forCurrentThread().read(from.row(n), row, inputs);
            quantize(row, bytes.clear());
            to.write(bytes.array(), (long) n * width, width);
        }
        return quantized;
    }

    private static void quantize(float[] row, ByteBuffer to) {
        float absMax = 0;
        for (float value : row) {
            absMax = Math.max(absMax, Math.abs(value));
        }
        float scale = absMax / MAX_MAGNITUDE;
        for (float value : row) {
            to.put((byte) (scale == 0 ? 0 : Math.round(value / scale)));
        }
        to.putFloat(scale);
    }

    /** Dequantizes rows [from, to) to {@code float32[to - from, K]}. */
    static INDArray dequantize(INDArray quantized, long from, long to) {
        int width = Math.toIntExact(quantized.size(1));
        int inputs = width - SCALE_BYTES;
        INDArray dequantized = Nd4j.createUninitialized(DataType.FLOAT, new long[] {to - from, inputs}, 'c');
        NativeArray source = new NativeArray(quantized);
        byte[] bytes = new byte[width];
        float[] row = new float[inputs];
        Matrix result = Matrix.of(dequantized);
        for (long n = from; n < to; n++) {
            source.read(n * width, bytes, width);
            float scale = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat(inputs);
            for (int i = 0; i < inputs; i++) {
                row[i] = bytes[i] * scale;
            }
            Scratch.forCurrentThread().write(row, result.row(n - from), inputs);
        }
        return dequantized;
    }

    /** Dequantizes a weight to {@code float32[N, K]}. */
    static INDArray dequantize(INDArray quantized) {
        return dequantize(quantized, 0, quantized.size(0));
    }

    /**
     * Reorders x for {@link Int8Math#dot}: the values at positions 0, 4, 8, ... first, then those at 1, 5, 9, ..., and
     * so on.
     */
    static float[] deinterleave(float[] x, int n) {
        int quads = n / Integer.BYTES;
        float[] reordered = new float[n];
        for (int i = 0; i < n; i++) {
            reordered[i] = x[i % quads * Integer.BYTES + i / quads];
        }
        return reordered;
    }
}
