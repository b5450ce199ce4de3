package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.llava4j.data.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A linear layer's weight in 8 bits, each output channel with a scale of its own: {@code int8[N, K + 4]}, where a row is
 * K whole numbers from -127 to 127 and then the four bytes of the float32 that they are multiplied by, its largest
 * magnitude over 127. What is read is the weight rounded to that, at a quarter of float32's memory.
 */
public final class Int8Quantization {
    static final int SCALE_BYTES = Float.BYTES;
    private static final int MAX_MAGNITUDE = 127;

    private Int8Quantization() {}

    /** Whether a weight can be packed: products read four numbers at once. */
    public static boolean canQuantize(long... shape) {
        return shape.length == 2 && shape[1] % Integer.BYTES == 0;
    }

    /** Whether an array is a packed weight. */
    public static boolean isQuantized(INDArray array) {
        return array.dataType() == DataType.BYTE;
    }

    /** K of a weight, packed or not. */
    public static long inputs(INDArray weight) {
        return isQuantized(weight) ? weight.size(1) - SCALE_BYTES : weight.length() / weight.size(0);
    }

    static boolean isReadable(INDArray array) {
        return isQuantized(array) && array.rank() == 2 && Matrix.isDense(array);
    }

    /**
     * Packs {@code float32[N, K]}; the same array where it is of a shape that cannot be.
     *
     * @param weight in C order without gaps
     */
    public static INDArray quantize(INDArray weight) {
        if (!canQuantize(weight.shape())) {
            return weight;
        }
        int inputs = Math.toIntExact(weight.size(1));
        int width = inputs + SCALE_BYTES;
        Matrix from = Matrix.of(FloatConversion.cast(weight, DataType.FLOAT));
        INDArray packed = Nd4j.createUninitialized(DataType.BYTE, new long[] {from.rows(), width}, 'c');
        BytePointer to = new BytePointer(packed.data().pointer());
        float[] row = new float[inputs];
        ByteBuffer bytes = ByteBuffer.allocate(width).order(ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < from.rows(); n++) {
            Scratch.forCurrentThread().read(from.row(n), row, inputs);
            quantize(row, bytes.clear());
            to.position((long) n * width).put(bytes.array(), 0, width);
        }
        return packed;
    }

    private static void quantize(float[] row, ByteBuffer to) {
        float most = 0;
        for (float value : row) {
            most = Math.max(most, Math.abs(value));
        }
        float scale = most / MAX_MAGNITUDE;
        for (float value : row) {
            to.put((byte) (scale == 0 ? 0 : Math.round(value / scale)));
        }
        to.putFloat(scale);
    }

    /** Rows [from, to) as they are read, {@code float32[to - from, K]}. */
    static INDArray dequantize(INDArray packed, long from, long to) {
        int width = Math.toIntExact(packed.size(1));
        int inputs = width - SCALE_BYTES;
        INDArray wide = Nd4j.createUninitialized(DataType.FLOAT, new long[] {to - from, inputs}, 'c');
        BytePointer source = new BytePointer(packed.data().pointer());
        byte[] bytes = new byte[width];
        float[] row = new float[inputs];
        Matrix result = Matrix.of(wide);
        for (long n = from; n < to; n++) {
            source.position(packed.offset() + n * width).get(bytes, 0, width);
            float scale = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat(inputs);
            for (int i = 0; i < inputs; i++) {
                row[i] = bytes[i] * scale;
            }
            Scratch.forCurrentThread().write(row, result.row(n - from), inputs);
        }
        return wide;
    }

    /** {@code float32[N, K]} as it is read. */
    public static INDArray dequantize(INDArray packed) {
        return dequantize(packed, 0, packed.size(0));
    }

    /** The numbers of x in the order in which {@link Int8Math} reads them: those of each fourth place together. */
    static float[] deinterleave(float[] x, int n) {
        int quads = n / Integer.BYTES;
        float[] places = new float[n];
        for (int i = 0; i < n; i++) {
            places[i] = x[i % quads * Integer.BYTES + i / quads];
        }
        return places;
    }
}
