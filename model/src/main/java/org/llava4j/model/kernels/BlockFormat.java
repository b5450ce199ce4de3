package org.llava4j.model.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Block formats of ggml, in which GGUF files store quantized weights. A row of K values is K / {@link #blockSize} blocks
 * of {@link #typeSize} bytes. A block has the integers q of its values in one or two bit planes, and each group of its
 * values has a scale and, in some formats, a minimum: the value is {@code scale * q - min}, rounded to float32 after the
 * product and after the difference.
 *
 * <p>A weight [N, K] is one array {@code uint8[N, K / blockSize, typeSize]} over the bytes of the file. Its rank
 * distinguishes it from the weights of {@link QuantizedFormat}, and its last dimension is the format, because no two
 * formats have the same type size.
 *
 * <p>Numbers are little-endian; d, m and dmin are fp16.
 */
public enum BlockFormat {
    /** d, 4 bits of 32 values: scale = d, q from -8 to 7. */
    Q4_0(32, 18, 32, new Plane(2, 4, 16), null, 8, 0),
    /** d, m, 4 bits of 32 values: scale = d, min = -m. */
    Q4_1(32, 20, 32, new Plane(4, 4, 16), null, 0, 0, 2),
    /** d, the fifth bits of 32 values, their lower 4 bits: scale = d, q from -16 to 15. */
    Q5_0(32, 22, 32, new Plane(6, 4, 16), new Plane(2, 1, 1), 16, 0),
    /** d, m, the fifth bits of 32 values, their lower 4 bits: scale = d, min = -m. */
    Q5_1(32, 24, 32, new Plane(8, 4, 16), new Plane(4, 1, 1), 0, 0, 2),
    /** d, 32 signed bytes: scale = d. */
    Q8_0(32, 34, 32, new Plane(2, 8, 1), null, 0, 0),
    /** d, dmin, 6-bit factors, 4 bits of 256 values: scale = d * factor, min = dmin * factor, for each 32 values. */
    Q4_K(256, 144, 32, new Plane(16, 4, 32), null, 0, 0, 2),
    /** Like {@link #Q4_K}, with the fifth bits between the factors and the lower 4 bits. */
    Q5_K(256, 176, 32, new Plane(48, 4, 32), new Plane(16, 1, 32), 0, 0, 2),
    /**
     * The lower 4 bits of 256 values, their upper 2 bits, 16 signed bytes, d: scale = d * byte for each 16 values, q from
     * -32 to 31.
     */
    Q6_K(256, 210, 16, new Plane(0, 4, 64), new Plane(128, 2, 32), 32, 208);

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle FOUR_BYTES =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /** 1 in each byte. */
    private static final long ONES = 0x0101010101010101L;
    /** The highest bit of each byte. */
    private static final long HIGHEST = ONES << Byte.SIZE - 1;
    /** The lower 4 bits of each byte. */
    private static final long NIBBLES = ONES * 0xf;

    private final int blockSize;
    private final int typeSize;
    private final int groupSize;
    private final Plane low;
    private final @Nullable Plane high;
    private final int offset;
    private final int[] halves;

    BlockFormat(
            int blockSize, int typeSize, int groupSize, Plane low, @Nullable Plane high, int offset, int... halves) {
        this.blockSize = blockSize;
        this.typeSize = typeSize;
        this.groupSize = groupSize;
        this.low = low;
        this.high = high;
        this.offset = offset;
        this.halves = halves;
    }

    /**
     * Some bits of each integer of a block. {@code run} consecutive bytes hold the lowest {@code width} bits for as many
     * neighboring values, the next {@code width} bits for the values after these, and so on.
     *
     * @param at first byte in the block
     * @param run 1 if neighboring values share a byte
     */
    record Plane(int at, int width, int run) {
        /**
         * Adds the bits to the integers of a block, from the bit {@code shift} on. A shift of 0 overwrites them.
         *
         * @param block position of the block
         * @param n values of the block
         */
        void addTo(byte[] data, int block, int shift, byte[] quants, int start, int n) {
            long mask = ONES * ((1 << width) - 1);
            int from = block + at;
            int i = start;
            while (i < start + n) {
                for (int part = 0; part < Byte.SIZE; part += width) {
                    for (int j = 0; j < run; j += Long.BYTES) {
                        long before = shift == 0 ? 0 : get(quants, i + j);
                        EIGHT_BYTES.set(quants, i + j, before | (get(data, from + j) >>> part & mask) << shift);
                    }
                    i += run;
                }
                from += run;
            }
        }
    }

    /** Whether an array has the type and the shape of a weight in a block format. */
    public static boolean isBlocks(INDArray array) {
        return array.dataType() == DataType.UBYTE && array.rank() == 3 && find(array.size(2)) != null;
    }

    /** The format of an array for which {@link #isBlocks} holds. */
    static BlockFormat of(INDArray array) {
        return ofTypeSize(array.size(2));
    }

    private static @Nullable BlockFormat find(long typeSize) {
        return Arrays.stream(values())
                .filter(format -> format.typeSize == typeSize)
                .findFirst()
                .orElse(null);
    }

    /** Values of a block. */
    public int blockSize() {
        return blockSize;
    }

    /** Bytes of a block. */
    public int typeSize() {
        return typeSize;
    }

    /** The shape of an array that holds a weight [N, K], where K is a multiple of {@link #blockSize}. */
    public long[] shape(long n, long k) {
        return new long[] {n, k / blockSize, typeSize};
    }

    /** The shape [N, K] of a weight whose array has a {@link #shape}. */
    public static long[] matrixShape(long... shape) {
        return new long[] {shape[0], Math.multiplyExact(shape[1], ofTypeSize(shape[2]).blockSize)};
    }

    /** The format with a type size, the last dimension of an array. */
    public static BlockFormat ofTypeSize(long typeSize) {
        BlockFormat format = find(typeSize);
        if (format == null) {
            throw new IllegalArgumentException("no block format has a type size of " + typeSize + " bytes");
        }
        return format;
    }

    /** Neighboring values that share a scale. */
    int groupSize() {
        return groupSize;
    }

    /** Groups of a block. */
    int groups() {
        return blockSize / groupSize;
    }

    /** Whether groups have a minimum. */
    boolean hasMin() {
        return halves.length == 2;
    }

    /** Position in a block of the lower bits of its integers. */
    int lowAt() {
        return low.at;
    }

    /** Number of fp16 numbers of a block. */
    int halfCount() {
        return halves.length;
    }

    /** Position in a block of its first or second fp16 number. */
    int half(int which) {
        return halves[which];
    }

    /**
     * Writes the integers of a block.
     *
     * @param block position of the block
     */
    void unpack(byte[] data, int block, byte[] quants, int start) {
        switch (this) {
            case Q8_0 -> System.arraycopy(data, block + low.at, quants, start, blockSize);
            case Q4_0, Q4_1 -> unpack32(data, block + low.at, 0, quants, start);
            case Q5_0, Q5_1 -> unpack32(data, block + low.at, fifthBits(data, block), quants, start);
            default -> {
                low.addTo(data, block, 0, quants, start, blockSize);
                if (high != null) {
                    high.addTo(data, block, low.width, quants, start, blockSize);
                }
                if (offset > 0) {
                    for (int i = start; i < start + blockSize; i += Long.BYTES) {
                        EIGHT_BYTES.set(quants, i, minusOffset(get(quants, i)));
                    }
                }
            }
        }
    }

    private int fifthBits(byte[] data, int block) {
        return (int) FOUR_BYTES.get(data, block + Objects.requireNonNull(high).at);
    }

    /** Writes 32 integers from 16 bytes with their lower 4 bits, and an int with their fifth bits. */
    private void unpack32(byte[] data, int at, int fifth, byte[] quants, int start) {
        long first = get(data, at);
        long second = get(data, at + Long.BYTES);
        EIGHT_BYTES.set(quants, start, minusOffset(first & NIBBLES | spread(fifth)));
        EIGHT_BYTES.set(quants, start + 8, minusOffset(second & NIBBLES | spread(fifth >>> 8)));
        EIGHT_BYTES.set(quants, start + 16, minusOffset(first >>> 4 & NIBBLES | spread(fifth >>> 16)));
        EIGHT_BYTES.set(quants, start + 24, minusOffset(second >>> 4 & NIBBLES | spread(fifth >>> 24)));
    }

    /** Spreads the lowest 8 bits to the fifth bits of 8 bytes. */
    private static long spread(int bits) {
        // Byte i of the copies is 0 or 1 << i. The addition carries what is not 0 into its highest bit.
        long copies = (bits & 0xff) * ONES & 0x8040201008040201L;
        return copies + 0x00406070787c7e7fL >>> 3 & ONES << 4;
    }

    /** Subtracts the offset from 8 bytes below 128. With their highest bits set, no difference borrows from another. */
    private long minusOffset(long bytes) {
        return (bytes | HIGHEST) - offset * ONES ^ HIGHEST;
    }

    /** 8 neighboring bytes, the first in the lowest byte. */
    private static long get(byte[] bytes, int at) {
        return (long) EIGHT_BYTES.get(bytes, at);
    }
}
