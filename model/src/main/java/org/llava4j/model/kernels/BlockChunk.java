package org.llava4j.model.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Blocks of a weight in a {@link BlockFormat} that were copied to the heap, with the scales and minima of their groups in
 * float32. It is read once for all rows of a small batch. Copies of 16 KB stay in the L1 cache, and arithmetic on the
 * heap is several times faster on JDK 17 than on native memory.
 */
final class BlockChunk {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** Positions in a block of the 6-bit factors of Q4_K and Q5_K, and of the 8-bit factors of Q6_K. */
    private static final int PACKED_FACTORS = 4;

    private static final int Q6_K_FACTORS = 192;
    /** The lower 6 bits, the lower 4 bits, and the bits above these, of 4 bytes. */
    private static final int SIX_BITS = 0x3f3f3f3f;

    private static final int FOUR_BITS = 0x0f0f0f0f;
    private static final int UPPER_BITS = 0x30303030;

    private final BlockFormat format;
    private final HalfMath math;
    private final byte[] data;
    private final short[] halves;
    private final float[] d;
    private final float[] second;
    private final float[] scales;
    private final float[] mins;

    /**
     * Allocates a chunk.
     *
     * @param blocks the largest number of blocks
     */
    BlockChunk(BlockFormat format, int blocks, HalfMath math) {
        this.format = format;
        this.math = math;
        data = new byte[blocks * format.typeSize() + Long.BYTES];
        halves = new short[blocks];
        d = new float[blocks];
        second = new float[format.hasMin() ? blocks : 0];
        int groups = blocks * format.groups();
        scales = format.groups() == 1 ? d : new float[groups];
        mins = !format.hasMin() || format.groups() == 1 ? second : new float[groups];
    }

    /** Copies blocks from the beginning of native memory. */
    void read(ByteBuffer memory, int blocks) {
        memory.get(0, data, 0, blocks * format.typeSize());
        readHalves(0, d, blocks);
        if (format.hasMin()) {
            readHalves(1, second, blocks);
        }
        switch (format) {
            case Q4_1, Q5_1 -> negate(second, blocks);
            case Q4_K, Q5_K -> multiplyPackedFactors(blocks);
            case Q6_K -> multiplyByteFactors(blocks);
            default -> {}
        }
    }

    BlockFormat format() {
        return format;
    }

    /** The blocks as they are stored. */
    byte[] data() {
        return data;
    }

    /** The scale of each group. */
    float[] scales() {
        return scales;
    }

    /** The minimum of each group; empty if the format has none. */
    float[] mins() {
        return mins;
    }

    /** Writes the integers of {@code blocks} blocks from a block on. */
    void unpackQuants(int block, int blocks, byte[] to) {
        int blockSize = format.blockSize();
        for (int b = 0; b < blocks; b++) {
            int at = (block + b) * format.typeSize();
            for (int i = 0; i < blockSize; i += Long.BYTES) {
                LONGS.set(to, b * blockSize + i, format.quants8(data, at, i));
            }
        }
    }

    /** 8 neighboring bytes of an array, the first in the lowest byte. */
    static long bytes8(byte[] data, int at) {
        return (long) LONGS.get(data, at);
    }

    private void readHalves(int which, float[] to, int blocks) {
        int at = format.half(which);
        for (int b = 0; b < blocks; b++) {
            halves[b] = (short) SHORTS.get(data, b * format.typeSize() + at);
        }
        math.widenF16(halves, to, blocks);
    }

    private static void negate(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = -x[i];
        }
    }

    /**
     * The 12 bytes of the factors are three words. The first four scales are the lower 6 bits of the first word's bytes, the
     * first four minima those of the second. The others have their lower 4 bits in the third word, scales first, and
     * their upper 2 bits above the others.
     */
    private void multiplyPackedFactors(int blocks) {
        for (int b = 0; b < blocks; b++) {
            int at = b * format.typeSize() + PACKED_FACTORS;
            int first = (int) INTS.get(data, at);
            int second = (int) INTS.get(data, at + 4);
            int third = (int) INTS.get(data, at + 8);
            multiply(first & SIX_BITS, d[b], scales, 8 * b);
            multiply(third & FOUR_BITS | first >>> 2 & UPPER_BITS, d[b], scales, 8 * b + 4);
            multiply(second & SIX_BITS, this.second[b], mins, 8 * b);
            multiply(third >>> 4 & FOUR_BITS | second >>> 2 & UPPER_BITS, this.second[b], mins, 8 * b + 4);
        }
    }

    private void multiplyByteFactors(int blocks) {
        for (int b = 0; b < blocks; b++) {
            int at = b * format.typeSize() + Q6_K_FACTORS;
            for (int group = 0; group < format.groups(); group += 4) {
                multiply((int) INTS.get(data, at + group), d[b], scales, b * format.groups() + group);
            }
        }
    }

    /** Writes the products with 4 signed bytes. */
    private static void multiply(int bytes, float factor, float[] to, int at) {
        to[at] = factor * (byte) bytes;
        to[at + 1] = factor * (byte) (bytes >> 8);
        to[at + 2] = factor * (byte) (bytes >> 16);
        to[at + 3] = factor * (bytes >> 24);
    }
}
