package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.QuantizedFormat.GROUP;
import static org.llava4j.model.kernels.QuantizedFormat.LANES;

import java.nio.ByteBuffer;
import org.llava4j.model.tensors.HalfFloats;

/** {@link QuantizedMath} in plain Java. */
final class ScalarQuantizedMath implements QuantizedMath {

    @Override
    public void dotRows(
            QuantizedFormat format,
            ByteBuffer words,
            ByteBuffer scales,
            int rows,
            int blocks,
            float[][] xs,
            float[][] sums) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dot(format, words, scales, r, blocks, xs[i]);
            }
        }
    }

    private static float dot(
            QuantizedFormat format, ByteBuffer words, ByteBuffer scales, int row, int blocks, float[] x) {
        int at = row * blocks * LANES * Integer.BYTES;
        int columns = blocks * format.blockColumns();
        float sum = 0;
        for (int column = 0; column < columns; column += GROUP) {
            float groupSum = 0;
            for (int i = column; i < column + GROUP; i++) {
                int word = words.getInt(at + format.wordOf(i) * Integer.BYTES);
                groupSum += format.value(word, i) * x[i];
            }
            short scale = scales.getShort((row * columns + column) / GROUP * Short.BYTES);
            sum += groupSum * HalfFloats.f16ToFloat(scale);
        }
        return sum;
    }

    @Override
    public void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to) {
        for (int i = 0; i < blocks * format.blockColumns(); i++) {
            to[i] = format.value(words[format.wordOf(i)], i) * scales[i / GROUP];
        }
    }
}
