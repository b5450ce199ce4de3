package org.llava4j.model.kernels;

import java.util.OptionalLong;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Storage formats of quantized weights: groups of {@value #GROUP} neighboring values of a row share one fp16 scale, and
 * a value is its integer times the scale of its group. {@link #Q8} has the values of llama.cpp's Q8_0, {@link #Q4} those
 * of its Q4_0; the order of the integers is made for vector loads of any width.
 *
 * <p>A quantized weight [N, K] is one array [N, {@link #rowBytes}] of {@link #dataType}: first the integers of all rows,
 * then the scales of all rows, then unused bytes. Rows are stored in blocks of {@link #blockColumns} columns, padded
 * with zeros. A block is {@link #blockWords} little-endian 32-bit words, whose values are in two's complement.
 */
public enum QuantizedFormat {
    /**
     * 8 bits a value, scale = absmax / 127: 8.5 bits a weight. A block has 64 columns. Word {@code i} holds the columns
     * {@code i}, {@code i + 16}, {@code i + 32} and {@code i + 48}, the first in its lowest bits.
     */
    Q8(Byte.SIZE, DataType.BYTE, 64) {
        @Override
        int wordOf(int column) {
            return column / blockColumns() * LANES + column % LANES;
        }

        @Override
        int shift(int column) {
            return column % blockColumns() / LANES * bits();
        }

        @Override
        int scaleOf(int group) {
            return group;
        }

        @Override
        int scales(int columns) {
            return paddedColumns(columns) / GROUP;
        }
    },
    /**
     * 4 bits a value from -8 to 7, scale near (value of the largest magnitude) / -8, with the smallest weighted squared
     * error: 4.5 bits a weight. A block has 512 columns, which are 16 groups. Word {@code 16 m + g} holds the columns
     * {@code 8 m} to {@code 8 m + 7} of group {@code g}, the first in its lowest bits. The scales of two blocks
     * alternate; a last block without a neighbor alternates with zeros.
     */
    Q4(Byte.SIZE / 2, DataType.UBYTE, 512) {
        private static final int WORD_COLUMNS = 8;

        @Override
        int wordOf(int column) {
            return column / blockColumns() * blockWords()
                    + column % GROUP / WORD_COLUMNS * LANES
                    + column % blockColumns() / GROUP;
        }

        @Override
        int shift(int column) {
            return column % WORD_COLUMNS * bits();
        }

        @Override
        int scaleOf(int group) {
            int block = group / LANES;
            return block / 2 * 2 * LANES + group % LANES * 2 + block % 2;
        }

        @Override
        int scales(int columns) {
            int blocks = paddedColumns(columns) / blockColumns();
            return (blocks + 1) / 2 * 2 * LANES;
        }
    };

    /** Columns that share a scale. */
    static final int GROUP = 32;
    /** Words that vector loads of any width divide. */
    static final int LANES = 16;
    /** Bound on the bytes of a row, below which no number of columns overflows 32 bits. */
    private static final long MAX_ROW_BYTES = 1 << 28;

    private final int bits;
    private final DataType dataType;
    private final int blockColumns;

    QuantizedFormat(int bits, DataType dataType, int blockColumns) {
        this.bits = bits;
        this.dataType = dataType;
        this.blockColumns = blockColumns;
    }

    /** Whether an array holds values of one of these formats; a {@link BlockFormat} has arrays of rank 3. */
    static boolean isQuantized(INDArray array) {
        return array.rank() == 2 && (array.dataType() == Q8.dataType || array.dataType() == Q4.dataType);
    }

    /** The format of an array for which {@link #isQuantized} holds. */
    static QuantizedFormat of(INDArray array) {
        return array.dataType() == Q8.dataType ? Q8 : Q4;
    }

    /** Whether a weight can be quantized: rank 2 with rows of whole groups. */
    public static boolean canQuantize(long... shape) {
        return shape.length == 2 && shape[1] > 0 && shape[1] % GROUP == 0;
    }

    /** Returns K, the input width of a weight of any storage type. */
    public static long inputs(INDArray weight) {
        if (BlockFormat.isBlocks(weight)) {
            return weight.size(1) * BlockFormat.of(weight).blockSize();
        }
        return isQuantized(weight) ? of(weight).columns(weight.size(1)) : weight.length() / weight.size(0);
    }

    /** Number of parameters of a weight of any storage type. */
    public static long length(INDArray weight) {
        return QuantizedWeights.isQuantized(weight) ? weight.size(0) * inputs(weight) : weight.length();
    }

    /** The data type that marks arrays of this format. */
    public DataType dataType() {
        return dataType;
    }

    /** Bits of a value. */
    int bits() {
        return bits;
    }

    /** Columns of a block. */
    int blockColumns() {
        return blockColumns;
    }

    /** Words of a block. */
    int blockWords() {
        return blockColumns * bits / Integer.SIZE;
    }

    /** Index of the word of a row that holds a column. */
    abstract int wordOf(int column);

    /** Position of a column's lowest bit in its word. */
    abstract int shift(int column);

    /** Index of a group's scale in those of a row. */
    abstract int scaleOf(int group);

    /** Scales of a row, with padding. */
    abstract int scales(int columns);

    /** The value of a column in its word. */
    int value(int word, int column) {
        int up = Integer.SIZE - bits - shift(column);
        return word << up >> (Integer.SIZE - bits);
    }

    /** Number of columns with padding, a multiple of {@link #blockColumns}. */
    int paddedColumns(int columns) {
        return (columns + blockColumns() - 1) / blockColumns() * blockColumns();
    }

    /** Bytes of a row's integers, with padding. */
    int dataBytes(int columns) {
        return paddedColumns(columns) * bits / Byte.SIZE;
    }

    /**
     * Bytes per row of a weight with K columns: integers, scales, and one unused byte per group of padding, by which
     * arrays of different K differ in shape.
     */
    public long rowBytes(long columns) {
        int k = Math.toIntExact(columns);
        return usedBytes(k) + (paddedColumns(k) - k) / GROUP;
    }

    private long usedBytes(int columns) {
        return dataBytes(columns) + (long) scales(columns) * Short.BYTES;
    }

    /** The inverse of {@link #rowBytes}. */
    private long columns(long rowBytes) {
        // The largest number of whole blocks whose bytes fit; what remains is padding.
        int twoBlocks = 2 * blockColumns;
        long columns = rowBytes / usedBytes(twoBlocks) * twoBlocks;
        if (usedBytes(Math.toIntExact(columns + blockColumns)) <= rowBytes) {
            columns += blockColumns;
        }
        return columns - (rowBytes - usedBytes(Math.toIntExact(columns))) * GROUP;
    }

    /**
     * Returns K of rows of this length; empty if no weight has them. The length may be any number, such as one from a
     * file.
     */
    public OptionalLong columnsOf(long rowBytes) {
        if (rowBytes <= 0 || rowBytes > MAX_ROW_BYTES) {
            return OptionalLong.empty();
        }
        long columns = columns(rowBytes);
        boolean exists = columns > 0 && canQuantize(1, columns) && rowBytes(columns) == rowBytes;
        return exists ? OptionalLong.of(columns) : OptionalLong.empty();
    }
}
