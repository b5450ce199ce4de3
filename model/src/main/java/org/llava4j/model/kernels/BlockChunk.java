package org.llava4j.model.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.llava4j.model.tensors.HalfFloats;

/**
 * Blocks of a weight in a {@link BlockFormat} that were copied to the heap, with the scales and minima of their groups in
 * float32. It is read once for all rows of a small batch. A chunk stays in the L1 cache, where its scales and its integers
 * are read without the checks of native memory.
 */
final class BlockChunk {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /** Positions in a block of the 6-bit factors of Q4_K and Q5_K, and of the 8-bit factors of Q6_K. */
    private static final int PACKED_FACTORS = 4;

    private static final int Q6_K_FACTORS = 192;
    /** The lower 6 bits, the lower 4 bits, and the 2 bits above these, of 4 bytes. */
    private static final int SIX_BITS = 0x3f3f3f3f;

    private static final int FOUR_BITS = 0x0f0f0f0f;
    private static final int UPPER_BITS = 0x30303030;
    /** Bytes after the last one that vector loads may read. */
    private static final int PADDING = Long.BYTES;

    private static final int F16_INFINITY = 0x7c00;

    private final BlockFormat format;
    private final byte[] data;
    private byte[] quants = new byte[0];
    private final float[] d;
    private final float[] second;
    private final float[] scales;
    private final float[] mins;

    /**
     * Allocates a chunk.
     *
     * @param blocks the largest number of blocks
     */
    BlockChunk(BlockFormat format, int blocks) {
        this.format = format;
        data = new byte[blocks * format.typeSize() + PADDING];
        d = new float[blocks];
        second = new float[format.hasMin() ? blocks : 0];
        int groups = blocks * format.groups();
        scales = format.groups() == 1 ? d : new float[groups];
        mins = !format.hasMin() || format.groups() == 1 ? second : new float[groups];
    }

    /** Copies blocks from a position of native memory. */
    void read(ByteBuffer memory, int at, int blocks) {
        memory.get(at, data, 0, blocks * format.typeSize());
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

    /** The integers of {@code blocks} blocks from a block on, in an array that the next call reuses. */
    byte[] unpackQuants(int block, int blocks) {
        int blockSize = format.blockSize();
        byte[] to = quants.length < blocks * blockSize ? new byte[blocks * blockSize + PADDING] : quants;
        quants = to;
        for (int b = 0; b < blocks; b++) {
            format.unpack(data, (block + b) * format.typeSize(), to, b * blockSize);
        }
        return to;
    }

    private void readHalves(int which, float[] to, int blocks) {
        int at = format.half(which);
        for (int b = 0; b < blocks; b++) {
            to[b] = widen((short) SHORTS.get(data, b * format.typeSize() + at));
        }
    }

    /** Converts fp16 without a branch per kind of number: a rebased exponent is right for subnormals too. */
    private static float widen(short half) {
        int magnitude = half & 0x7fff;
        return magnitude < F16_INFINITY
                ? Float.intBitsToFloat(magnitude << 13 | (half & 0x8000) << 16) * 0x1p112f
                : HalfFloats.f16ToFloat(half);
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
