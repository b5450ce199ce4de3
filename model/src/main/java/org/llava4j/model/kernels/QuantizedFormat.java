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
 * then the scales of all rows, then unused bytes. Rows are stored in blocks of {@value #BLOCK} columns, which are 16
 * groups, padded with zeros. A block consists of little-endian 32-bit words: with n values a word, word {@code 16 m + g}
 * holds the columns {@code n m} to {@code n m + n - 1} of group {@code g}, the first in its lowest bits. The scales of two
 * blocks alternate; a last block without a neighbor alternates with zeros.
 */
public enum QuantizedFormat {
    /**
     * 8 bits a value from -127 to 127, scale near absmax / 127 ({@link ScaleSearch}): 8.5 bits a weight. A word is the
     * sum {@code a + 2^8 b + 2^16 c + 2^24 d} of its values: shifted left by 8, 16 or 24 bits, it is the sum of the first
     * three, two or one, so that a dot product needs neither masks nor right shifts ({@link SmallBatch.Form#DIFFERENCES}).
     */
    Q8(Byte.SIZE, DataType.BYTE, -127, 127) {
        @Override
        int term(int value, int column) {
            return value << shift(column);
        }

        @Override
        int value(int word, int column) {
            return (byte) ((word + BYTE_OFFSETS ^ BYTE_OFFSETS) >> shift(column));
        }
    },
    /**
     * 4 bits a value from -8 to 7 in two's complement, scale near (value of the largest magnitude) / -8 ({@link
     * ScaleSearch}): 4.5 bits a weight.
     */
    Q4(Byte.SIZE / 2, DataType.UBYTE, -8, 7) {
        @Override
        int term(int value, int column) {
            return (value & 0xf) << shift(column);
        }

        @Override
        int value(int word, int column) {
            return word << Integer.SIZE - bits() - shift(column) >> Integer.SIZE - bits();
        }
    };

    /** Columns that share a scale. */
    static final int GROUP = 32;
    /** Groups of a block, and words that vector loads of any width divide. */
    static final int LANES = 16;
    /** Columns of a block. */
    static final int BLOCK = LANES * GROUP;
    /** 128 in each byte: {@code word + BYTE_OFFSETS ^ BYTE_OFFSETS} has the values of a word of Q8 in two's complement. */
    static final int BYTE_OFFSETS = 0x80808080;
    /** Bound on the bytes of a row, below which no number of columns overflows 32 bits. */
    private static final long MAX_ROW_BYTES = 1 << 28;

    private final int bits;
    private final DataType dataType;
    private final int min;
    private final int max;

    QuantizedFormat(int bits, DataType dataType, int min, int max) {
        this.bits = bits;
        this.dataType = dataType;
        this.min = min;
        this.max = max;
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

    /** The smallest value. */
    int min() {
        return min;
    }

    /** The largest value. */
    int max() {
        return max;
    }

    /** Words of a block. */
    int blockWords() {
        return BLOCK * bits / Integer.SIZE;
    }

    /** Index of the word of a row that holds a column. */
    int wordOf(int column) {
        return column / BLOCK * blockWords() + column % GROUP * bits / Integer.SIZE * LANES + column % BLOCK / GROUP;
    }

    /** Position of a column's lowest bit in its word. */
    int shift(int column) {
        return column * bits % Integer.SIZE;
    }

    /** Index of a group's scale in those of a row. */
    static int scaleOf(int group) {
        int block = group / LANES;
        return block / 2 * 2 * LANES + group % LANES * 2 + block % 2;
    }

    /** Scales of a row, with padding. */
    static int scales(int columns) {
        int blocks = paddedColumns(columns) / BLOCK;
        return (blocks + 1) / 2 * 2 * LANES;
    }

    /** What a column's value adds to its word. */
    abstract int term(int value, int column);

    /** The value of a column in its word. */
    abstract int value(int word, int column);

    /** Number of columns with padding, a multiple of {@link #BLOCK}. */
    static int paddedColumns(int columns) {
        return (columns + BLOCK - 1) / BLOCK * BLOCK;
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
        int twoBlocks = 2 * BLOCK;
        long columns = rowBytes / usedBytes(twoBlocks) * twoBlocks;
        if (usedBytes(Math.toIntExact(columns + BLOCK)) <= rowBytes) {
            columns += BLOCK;
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
