package org.llava4j.model.kernels;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * View of a quantized weight [N, K] ({@link QuantizedFormat}), like {@link Matrix} for float32.
 *
 * @param array the array that owns the memory
 * @param address of the first integer
 * @param columns K, without padding
 */
public record QuantizedMatrix(INDArray array, QuantizedFormat format, long address, int rows, int columns)
        implements WeightMatrix {
    /** The bits of the largest finite fp16 value. */
    private static final int MAX_FINITE_F16 = 0x7bff;
    /** Rows that a thread quantizes at once. */
    private static final int ROWS_PER_TASK = 64;

    static QuantizedMatrix of(INDArray array) {
        return new QuantizedMatrix(
                array,
                QuantizedFormat.of(array),
                NativeArray.addressOf(array),
                Math.toIntExact(array.size(0)),
                Math.toIntExact(QuantizedFormat.inputs(array)));
    }

    /** Whether an array holds quantized values and is dense in C order. */
    static boolean isReadable(INDArray array) {
        return QuantizedFormat.isQuantized(array) && array.rank() == 2 && Matrix.isDense(array);
    }

    /** Words of a row, with padding. */
    int rowWords() {
        return format.dataBytes(columns) / Integer.BYTES;
    }

    /** Scales of a row, with padding. */
    int rowScales() {
        return QuantizedFormat.scales(columns);
    }

    /** Address of the integers of a row. */
    long row(long row) {
        return address + row * rowWords() * Integer.BYTES;
    }

    /** Address of the scales of a row; those of the next row follow. */
    long scales(long row) {
        return address + ((long) rows * rowWords() * Integer.BYTES) + row * rowScales() * Short.BYTES;
    }

    /**
     * Dequantizes the columns [column, column + width) of a row and writes them to the start of {@code to}.
     *
     * @param blocks values of all blocks that have one of the columns; overwritten
     */
    void dequantize(
            Scratch scratch,
            HalfMath halves,
            QuantizedMath math,
            int row,
            int column,
            int width,
            float[] blocks,
            float[] to) {
        int blockColumns = QuantizedFormat.BLOCK;
        int first = column / blockColumns;
        int count = (column + width + blockColumns - 1) / blockColumns - first;
        int[] words = scratch.readInts(
                row(row) + (long) first * format.blockWords() * Integer.BYTES, count * format.blockWords());
        boolean wholeBlocks = column % blockColumns == 0 && width % blockColumns == 0;
        float[] target = wholeBlocks ? to : blocks;
        math.dequantize(format, words, scales(scratch, halves, row, first, count), count, target);
        if (!wholeBlocks) {
            System.arraycopy(blocks, column - first * blockColumns, to, 0, width);
        }
    }

    /** The scales of the groups of {@code count} blocks of a row. */
    private float[] scales(Scratch scratch, HalfMath halves, int row, int firstBlock, int count) {
        int firstGroup = firstBlock * QuantizedFormat.LANES;
        int firstPair = firstBlock / 2 * 2 * QuantizedFormat.LANES;
        float[] stored = new float[(firstBlock + count + 1) / 2 * 2 * QuantizedFormat.LANES - firstPair];
        halves.widenF16(
                scratch.readShorts(scales(row) + (long) firstPair * Short.BYTES, stored.length), stored, stored.length);
        float[] scales = new float[count * QuantizedFormat.LANES];
        for (int group = 0; group < scales.length; group++) {
            scales[group] = stored[QuantizedFormat.scaleOf(firstGroup + group) - firstPair];
        }
        return scales;
    }

    /** Dequantizes rows [from, to) to {@code float32[to - from, K]}. */
    INDArray dequantize(long from, long to) {
        MathBackend math = MathBackend.scalar();
        Scratch scratch = Scratch.forCurrentThread();
        Matrix result = Matrix.of(Nd4j.createUninitialized(DataType.FLOAT, new long[] {to - from, columns}, 'c'));
        float[] row = new float[QuantizedFormat.paddedColumns(columns)];
        for (long n = from; n < to; n++) {
            dequantize(scratch, math.halves(), math.quantized(), (int) n, 0, row.length, row, row);
            scratch.write(row, result.row(n - from), columns);
        }
        return result.array();
    }

    /** Dequantizes a weight to {@code float32[N, K]}. */
    public static INDArray dequantize(INDArray quantized) {
        return of(quantized).dequantize(0, quantized.size(0));
    }

    /**
     * Quantizes a weight {@code float32[N, K]}.
     *
     * @param name of the weight, for the error
     * @param weight dense, in C order, of a shape that {@link QuantizedFormat#canQuantize} accepts
     * @throws BadInputException if a group's scale exceeds the range of fp16
     */
    public static INDArray quantize(String name, INDArray weight, QuantizedFormat format) {
        Matrix from = Matrix.of(FloatConversion.cast(weight, DataType.FLOAT));
        long[] shape = {from.rows(), format.rowBytes(from.columns())};
        INDArray quantized = Nd4j.createUninitialized(format.dataType(), shape, 'c');
        QuantizedMatrix to = of(quantized);
        QuantizedMath math = MathBackend.bestAvailable().quantized();
        IntStream.range(0, (from.rows() + ROWS_PER_TASK - 1) / ROWS_PER_TASK)
                .parallel()
                .forEach(task -> {
                    int first = task * ROWS_PER_TASK;
                    quantizeRows(name, from, to, first, Math.min(from.rows(), first + ROWS_PER_TASK), math);
                });
        clearUnused(to);
        return quantized;
    }

    private static void quantizeRows(
            String name, Matrix from, QuantizedMatrix to, int first, int end, QuantizedMath math) {
        NativeArray memory = new NativeArray(to.array);
        float[] row = new float[QuantizedFormat.paddedColumns(to.columns)];
        ScaleSearch search = new ScaleSearch(to.format, math, row.length);
        int[] words = new int[to.rowWords()];
        short[] scales = new short[to.rowScales()];
        long scalesAt = (long) to.rows * words.length * (Integer.BYTES / Short.BYTES);
        for (int n = first; n < end; n++) {
            Scratch.forCurrentThread().read(from.row(n), row, to.columns);
            float[] exact = search.scales(row);
            for (int group = 0; group < exact.length; group++) {
                short half = HalfFloats.floatToF16(exact[group]);
                scales[QuantizedFormat.scaleOf(group)] = half;
                if (!Float.isFinite(HalfFloats.f16ToFloat(half))) {
                    throw new BadInputException(name + " has a value in row " + n + " that is too large for "
                            + to.format + ", whose scale would be " + exact[group] + "; use bf16");
                }
            }
            quantize(row, scales, to.format, words);
            memory.write(words, (long) n * words.length, words.length);
            memory.write(scales, scalesAt + (long) n * scales.length, scales.length);
        }
    }

    /**
     * Validates a quantized weight that was read from a file or is mapped. Reads the scales and the padding, no other
     * integers. -128 in Q8, which {@link #quantize} does not write, is not found, and its products are undefined.
     *
     * @return the first value that {@link #quantize} does not write: a scale that is NaN, infinite or (Q8) negative, or
     *     padding that is not zero; null if there is none
     */
    public static @Nullable String problem(INDArray quantized) {
        QuantizedMatrix matrix = of(quantized);
        int task = IntStream.range(0, (matrix.rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK)
                .parallel()
                .filter(rows -> matrix.problem(rows) != null)
                .findFirst()
                .orElse(-1);
        return task < 0 ? matrix.unusedProblem() : matrix.problem(task);
    }

    private @Nullable String problem(int task) {
        NativeArray memory = new NativeArray(array);
        int first = task * ROWS_PER_TASK;
        int end = Math.min(rows, first + ROWS_PER_TASK);
        short[] scales = new short[(end - first) * rowScales()];
        long scalesAt = (long) rows * rowWords() * (Integer.BYTES / Short.BYTES);
        memory.read(scalesAt + (long) first * rowScales(), scales, scales.length);
        boolean isPadded = columns < rowScales() * QuantizedFormat.GROUP;
        if (!isPadded && areUsual(scales)) {
            return null;
        }
        int[] words = new int[format.blockWords()];
        for (int n = first; n < end; n++) {
            short[] row = Arrays.copyOfRange(scales, (n - first) * rowScales(), (n - first + 1) * rowScales());
            for (int group = 0; group < columns / QuantizedFormat.GROUP; group++) {
                float scale = HalfFloats.f16ToFloat(row[QuantizedFormat.scaleOf(group)]);
                if (!Float.isFinite(scale) || (format == QuantizedFormat.Q8 && scale < 0)) {
                    return "row " + n + " has the scale " + scale;
                }
                row[QuantizedFormat.scaleOf(group)] = 0;
            }
            if (!Arrays.equals(row, new short[row.length]) || (isPadded && hasPadding(memory, n, words))) {
                return "row " + n + " has padding that is not zero";
            }
        }
        return null;
    }

    /** Whether all scales are finite and, in Q8, have no sign. Decides by the bits, because loading checks every scale. */
    private boolean areUsual(short[] scales) {
        int mask = format == QuantizedFormat.Q8 ? 0xffff : 0x7fff;
        int beyond = 0;
        for (short scale : scales) {
            beyond |= MAX_FINITE_F16 - (scale & mask);
        }
        return beyond >= 0;
    }

    /** Whether the last block of a row has a value that is not zero behind the row's columns. */
    private boolean hasPadding(NativeArray memory, long row, int[] words) {
        memory.read((row + 1) * rowWords() - words.length, words, words.length);
        return IntStream.range(columns, QuantizedFormat.paddedColumns(columns))
                .anyMatch(column -> format.value(words[format.wordOf(column) % words.length], column) != 0);
    }

    private @Nullable String unusedProblem() {
        byte[] unused = new byte[unusedBytes()];
        new NativeArray(array).read(array.length() - unused.length, unused, unused.length);
        return Arrays.equals(unused, new byte[unused.length]) ? null : "the unused bytes at its end are not zero";
    }

    private int unusedBytes() {
        return Math.toIntExact(array.length() - (long) rows * (rowWords() * Integer.BYTES + rowScales() * Short.BYTES));
    }

    private static void clearUnused(QuantizedMatrix matrix) {
        int unused = matrix.unusedBytes();
        new NativeArray(matrix.array).write(new byte[unused], matrix.array.length() - unused, unused);
    }

    private static void quantize(float[] row, short[] scales, QuantizedFormat format, int[] words) {
        Arrays.fill(words, 0);
        for (int from = 0; from < row.length; from += QuantizedFormat.GROUP) {
            float scale = HalfFloats.f16ToFloat(scales[QuantizedFormat.scaleOf(from / QuantizedFormat.GROUP)]);
            // All values are 0 or too small for a scale in fp16.
            float inverse = scale == 0 ? 0 : 1 / scale;
            for (int column = from; column < from + QuantizedFormat.GROUP; column++) {
                // Adding and subtracting 1.5 * 2^23 rounds to an integer.
                int value = (int) (row[column] * inverse + FastMath.ROUND - FastMath.ROUND);
                words[format.wordOf(column)] +=
                        format.term(Math.max(format.min(), Math.min(format.max(), value)), column);
            }
        }
    }
}
