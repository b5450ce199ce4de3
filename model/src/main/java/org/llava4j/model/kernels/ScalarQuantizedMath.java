package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.QuantizedFormat.GROUP;

import java.nio.ByteBuffer;
import org.llava4j.model.tensors.HalfFloats;

/** {@link QuantizedMath} in plain Java. */
final class ScalarQuantizedMath implements QuantizedMath {

    @Override
    public void dotRowsQ8(ByteBuffer words, ByteBuffer scales, int rows, int blocks, float[][] xs, float[][] sums) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dotQ8(words, scales, r, blocks, xs[i]);
            }
        }
    }

    private static float dotQ8(ByteBuffer words, ByteBuffer scales, int row, int blocks, float[] x) {
        QuantizedFormat format = QuantizedFormat.Q8;
        int at = row * blocks * format.blockWords();
        int columns = blocks * QuantizedFormat.BLOCK;
        int scalesAt = row * QuantizedFormat.scales(columns);
        float sum = 0;
        for (int group = 0; group < columns / GROUP; group++) {
            float groupSum = 0;
            for (int i = group * GROUP; i < (group + 1) * GROUP; i++) {
                int word = words.getInt((at + format.wordOf(i)) * Integer.BYTES);
                groupSum += (word << Integer.SIZE - Byte.SIZE - format.shift(i)) * x[SmallBatch.indexOfDifference(i)];
            }
            sum += groupSum * scale(scales, scalesAt, group);
        }
        return sum;
    }

    private static float scale(ByteBuffer scales, int rowAt, int group) {
        return HalfFloats.f16ToFloat(scales.getShort((rowAt + QuantizedFormat.scaleOf(group)) * Short.BYTES));
    }

    @Override
    public void dotRowsQ4(
            ByteBuffer words, ByteBuffer scales, int rows, int blocks, RoundedActivations[] xs, float[][] sums) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dotQ4(words, scales, r, blocks, xs[i]);
            }
        }
    }

    private static float dotQ4(ByteBuffer words, ByteBuffer scales, int row, int blocks, RoundedActivations x) {
        QuantizedFormat format = QuantizedFormat.Q4;
        int at = row * blocks * format.blockWords();
        int columns = blocks * QuantizedFormat.BLOCK;
        int scalesAt = row * QuantizedFormat.scales(columns);
        float sum = 0;
        for (int group = 0; group < columns / GROUP; group++) {
            int groupSum = 0;
            for (int i = group * GROUP; i < (group + 1) * GROUP; i++) {
                int word = words.getInt((at + format.wordOf(i)) * Integer.BYTES);
                groupSum += format.value(word, i) * x.values()[RoundedActivations.indexOf(i)];
            }
            sum += groupSum * (scale(scales, scalesAt, group) * x.scales()[group]);
        }
        return sum;
    }

    @Override
    public void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to) {
        for (int i = 0; i < blocks * QuantizedFormat.BLOCK; i++) {
            to[i] = format.value(words[format.wordOf(i)], i) * scales[i / GROUP];
        }
    }

    @Override
    public void roundGroups(float[] x, int groups, float[] scales) {
        for (int group = 0; group < groups; group++) {
            int from = group * GROUP;
            float absMax = 0;
            for (int i = from; i < from + GROUP; i++) {
                absMax = Math.max(absMax, Math.abs(x[i]));
            }
            scales[group] = absMax / RoundedActivations.MAX;
            float inverse = RoundedActivations.inverseScale(absMax);
            for (int i = from; i < from + GROUP; i++) {
                x[i] = x[i] * inverse + FastMath.ROUND - FastMath.ROUND;
            }
        }
    }

    @Override
    public void scaleGroups(float[] x, int groups, float[] scales) {
        for (int i = 0; i < groups * GROUP; i++) {
            x[i] *= scales[i / GROUP];
        }
    }

    @Override
    public void sumRounded(
            float[] values, float[] weights, float steps, QuantizedFormat format, float[] products, float[] squares) {
        int groups = products.length;
        for (int group = 0; group < groups; group++) {
            float product = 0;
            float square = 0;
            for (int i = group; i < groups * GROUP; i += groups) {
                float nearest = values[i] * steps + FastMath.ROUND - FastMath.ROUND;
                float rounded = Math.max(format.min(), Math.min(format.max(), nearest));
                product += weights[i] * values[i] * rounded;
                square += weights[i] * rounded * rounded;
            }
            products[group] = product;
            squares[group] = square;
        }
    }
}
