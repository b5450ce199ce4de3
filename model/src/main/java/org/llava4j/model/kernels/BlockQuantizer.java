package org.llava4j.model.kernels;

import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Quantization to the block formats Q8_0 and Q4_0 of ggml. The bytes are those of the Python package {@code gguf}, which are
 * those of ggml's reference quantization except for the sign of d in Q4_0 blocks of zeros that begin with -0. Each block of
 * 32 values has its scale d from its largest magnitude:
 *
 * <ul>
 * <li>Q8_0: d = max|x| / 127, and x / d is rounded to nearest, ties away from zero;
 * <li>Q4_0: d = x / -8 for the first x of the largest magnitude, and x / d + 8.5 is truncated, at most 15.
 * </ul>
 *
 * Division by d is multiplication with its float32 reciprocal; the file has d in fp16.
 */
public final class BlockQuantizer {
    private static final int ROWS_PER_TASK = 64;
    private static final int MAX_Q8 = 127;
    private static final int MIN_Q4 = -8;
    private static final int MAX_Q4 = 15;
    /** The offset of Q4_0, and one half for rounding. */
    private static final float ROUNDING_Q4 = 8.5f;

    private static final int BLOCK = 32;

    private BlockQuantizer() {}

    /**
     * Quantizes a weight.
     *
     * @param name of the weight, for the error
     * @param weight {@code float32[N, K]}, dense, in C order; K a multiple of 32
     * @param format Q8_0 or Q4_0
     * @return {@code uint8[N, K / 32, typeSize]}
     * @throws BadInputException if a value is NaN or infinite, or too large for the scale
     */
    public static INDArray quantize(String name, INDArray weight, BlockFormat format) {
        if (format != BlockFormat.Q8_0 && format != BlockFormat.Q4_0) {
            throw new IllegalArgumentException("cannot quantize to " + format);
        }
        Matrix from = Matrix.of(weight);
        INDArray quantized = Nd4j.createUninitialized(DataType.UBYTE, format.shape(from.rows(), from.columns()), 'c');
        IntStream.range(0, (from.rows() + ROWS_PER_TASK - 1) / ROWS_PER_TASK)
                .parallel()
                .forEach(task -> {
                    int first = task * ROWS_PER_TASK;
                    int end = Math.min(from.rows(), first + ROWS_PER_TASK);
                    quantize(name, from, quantized, format, first, end);
                });
        return quantized;
    }

    private static void quantize(String name, Matrix from, INDArray to, BlockFormat format, int first, int end) {
        NativeArray memory = new NativeArray(to);
        float[] values = new float[from.columns()];
        byte[] row = new byte[from.columns() / BLOCK * format.typeSize()];
        for (int n = first; n < end; n++) {
            Scratch.forCurrentThread().read(from.row(n), values, values.length);
            for (int block = 0; block < values.length / BLOCK; block++) {
                float d = quantize(values, block * BLOCK, format, row, block * format.typeSize());
                if (!isF16(d)) {
                    throw new BadInputException("tensor \"" + name + "\" " + problem(n, d, format));
                }
            }
            memory.write(row, (long) n * row.length, row.length);
        }
    }

    private static boolean isF16(float d) {
        return Float.isFinite(HalfFloats.f16ToFloat(HalfFloats.floatToF16(d)));
    }

    /** Describes why a row cannot be quantized, given d of one of its blocks. */
    private static String problem(int row, float d, BlockFormat format) {
        if (!Float.isFinite(d)) {
            return "has NaN or infinite values in row " + row
                    + "; a source file is damaged (inspect --verify names the tensor)";
        }
        boolean fitsQ8 = format == BlockFormat.Q4_0 && isF16(d * MIN_Q4 / MAX_Q8);
        return "has a value in row " + row + " that is too large for " + format
                + ", on which --allow-overflow has no effect; "
                + (fitsQ8 ? "use --save-type q8_0" : "no type of GGUF files holds it; export another layout");
    }

    /**
     * Quantizes a block.
     *
     * @return d, not finite if a value cannot be quantized
     */
    private static float quantize(float[] values, int start, BlockFormat format, byte[] to, int at) {
        float extreme = 0;
        float largest = 0;
        boolean isNaN = false;
        for (int i = start; i < start + BLOCK; i++) {
            float magnitude = Math.abs(values[i]);
            isNaN |= Float.isNaN(magnitude);
            if (i == start || magnitude > largest) {
                largest = magnitude;
                extreme = values[i];
            }
        }
        boolean isQ8 = format == BlockFormat.Q8_0;
        float d = isNaN ? Float.NaN : isQ8 ? largest / MAX_Q8 : extreme / MIN_Q4;
        float inverse = d == 0 ? 0 : 1 / d;
        short half = HalfFloats.floatToF16(d);
        to[at + format.half(0)] = (byte) half;
        to[at + format.half(0) + 1] = (byte) (half >>> Byte.SIZE);
        int low = at + format.lowAt();
        if (isQ8) {
            for (int i = 0; i < BLOCK; i++) {
                to[low + i] = (byte) roundAwayFromZero(values[start + i] * inverse);
            }
        } else {
            for (int i = 0; i < BLOCK / 2; i++) {
                int first = fourBits(values[start + i] * inverse);
                int second = fourBits(values[start + BLOCK / 2 + i] * inverse);
                to[low + i] = (byte) (first | second << 4);
            }
        }
        return d;
    }

    private static int roundAwayFromZero(float value) {
        float magnitude = Math.abs(value);
        float floor = (float) Math.floor(magnitude);
        int rounded = Math.min(MAX_Q8, (int) floor + (magnitude - floor >= 0.5f ? 1 : 0));
        return value < 0 ? -rounded : rounded;
    }

    private static int fourBits(float value) {
        return Math.min(MAX_Q4, Math.max(0, (int) (value + ROUNDING_Q4)));
    }
}
