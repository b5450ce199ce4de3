package org.llava4j.model.kernels;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.Scratch;
import org.llava4j.model.tensors.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * View of a weight [N, K] in a {@link BlockFormat}, like {@link Matrix} for float32.
 *
 * @param array the array that owns the memory
 * @param address of the first block
 * @param blocks number of blocks of a row
 */
public record BlockMatrix(INDArray array, BlockFormat format, long address, int rows, int blocks)
        implements WeightMatrix {
    /** Rows that a thread converts or validates at once. */
    private static final int ROWS_PER_TASK = 64;
    /** Bytes of the rows of a {@link BlockChunk}. While a small chunk is multiplied, the CPU prefetches the next one. */
    private static final int READ_BYTES = 1 << 12;

    static BlockMatrix of(INDArray array) {
        return new BlockMatrix(
                array,
                BlockFormat.of(array),
                NativeArray.addressOf(array),
                Math.toIntExact(array.size(0)),
                Math.toIntExact(array.size(1)));
    }

    /** Whether an array holds blocks and is dense in C order. */
    static boolean isReadable(INDArray array) {
        return BlockFormat.isBlocks(array) && Matrix.isDense(array);
    }

    /** K. */
    public int columns() {
        return Math.multiplyExact(blocks, format.blockSize());
    }

    /** Bytes of a row. */
    int rowBytes() {
        return Math.multiplyExact(blocks, format.typeSize());
    }

    /** Address of a row. */
    long row(long row) {
        return address + row * rowBytes();
    }

    /** Dequantizes the columns [column, column + width) of a row and writes them to the start of {@code to}. */
    void dequantize(MathBackend math, int row, int column, int width, float[] to) {
        int blockSize = format.blockSize();
        int first = column / blockSize;
        int count = (column + width + blockSize - 1) / blockSize - first;
        BlockChunk chunk = new BlockChunk(format, count);
        chunk.read(NativeArray.bytes(row(row), rowBytes()), first * format.typeSize(), count);
        if (column % blockSize == 0 && width % blockSize == 0) {
            math.blocks().dequantize(chunk, 0, count, to);
        } else {
            float[] whole = new float[count * blockSize];
            math.blocks().dequantize(chunk, 0, count, whole);
            System.arraycopy(whole, column - first * blockSize, to, 0, width);
        }
    }

    /** sums[i][0..n1 - n0) = dot products of the rows [n0, n1) and row i of x, which is {@link SmallBatch.Form#PLAIN}. */
    void dotRows(MathBackend math, int n0, int n1, SmallBatch x, float[][] sums) {
        float[][] groupSums = format.hasMin() ? x.groupSums(format.groupSize()) : new float[0][];
        int rowsPerRead = Math.max(1, READ_BYTES / rowBytes());
        BlockChunk chunk = new BlockChunk(format, rowsPerRead * blocks);
        ByteBuffer memory = NativeArray.bytes(row(n0), Math.multiplyExact(n1 - n0, rowBytes()));
        for (int n = n0; n < n1; n += rowsPerRead) {
            int count = Math.min(rowsPerRead, n1 - n);
            chunk.read(memory, (n - n0) * rowBytes(), count * blocks);
            for (int r = 0; r < count; r++) {
                math.blocks().dot(chunk, r * blocks, blocks, x, groupSums, sums, n - n0 + r);
            }
        }
    }

    /** Dequantizes rows [from, to), fewer than 2^31, to {@code float32[to - from, K]}. */
    INDArray dequantize(long from, long to) {
        int count = (int) (to - from);
        INDArray values = Nd4j.createUninitialized(DataType.FLOAT, new long[] {count, columns()}, 'c');
        Matrix result = Matrix.of(values);
        MathBackend math = MathBackend.bestAvailable();
        IntStream.range(0, (count + ROWS_PER_TASK - 1) / ROWS_PER_TASK)
                .parallel()
                .forEach(task -> {
                    Scratch scratch = Scratch.forCurrentThread();
                    float[] row = new float[columns() + Scratch.PADDING];
                    int first = task * ROWS_PER_TASK;
                    for (int n = first; n < Math.min(count, first + ROWS_PER_TASK); n++) {
                        dequantize(math, (int) from + n, 0, columns(), row);
                        scratch.write(row, result.row(n), columns());
                    }
                });
        Reference.reachabilityFence(array);
        return values;
    }

    /** Dequantizes a weight {@code uint8[N, K / blockSize, typeSize]} to {@code float32[N, K]}. */
    public static INDArray dequantize(INDArray weight) {
        BlockMatrix matrix = of(weight);
        return matrix.dequantize(0, matrix.rows);
    }

    /** Validates a weight that was read from a file: returns its first NaN or infinite scale, null if there is none. */
    public static @Nullable String problem(INDArray weight) {
        BlockMatrix matrix = of(weight);
        String problem = IntStream.range(0, matrix.rows)
                .parallel()
                .mapToObj(matrix::problem)
                .filter(found -> !found.isEmpty())
                .findFirst()
                .orElse(null);
        Reference.reachabilityFence(weight);
        return problem;
    }

    private String problem(int row) {
        ByteBuffer memory = NativeArray.bytes(row(row), rowBytes());
        for (int block = 0; block < blocks; block++) {
            for (int i = 0; i < format.halfCount(); i++) {
                int at = block * format.typeSize() + format.half(i);
                float scale = HalfFloats.f16ToFloat(memory.getShort(at));
                if (!Float.isFinite(scale)) {
                    return "row " + row + ", block " + block + " has the scale " + scale;
                }
            }
        }
        return "";
    }
}
