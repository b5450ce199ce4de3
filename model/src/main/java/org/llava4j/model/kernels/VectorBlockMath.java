package org.llava4j.model.kernels;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link BlockMath} with the Vector API. Q8_0, Q4_0, Q4_K and Q6_K are multiplied as they are stored, the other formats
 * after their integers were unpacked to bytes. Integers are converted to float32 and multiplied by x, so that x is not
 * rounded; each group's sum is multiplied by its scale. Minima are subtracted as the sum of their products with the sums of
 * x.
 *
 * <p>C2 of JDK 17 inlines a vector operation only if it has seen at most two classes of vectors at its call. Bytes are
 * therefore converted by {@code convertShape} at calls of this class: {@code castShape} shares one call with all other
 * kernels. The dot products are single methods of more than 325 bytecodes like those of {@link VectorQuantizedMath}.
 */
final class VectorBlockMath implements BlockMath {
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final VectorSpecies<Integer> INTS = VectorLoads.INTS;
    private static final int STEP = FLOATS.length();
    /** A vector with at least as many bytes as {@link #FLOATS} has floats; there is none of less than 64 bits. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(
            byte.class, VectorShape.forBitSize(Math.max(Long.SIZE, FLOATS.vectorBitSize() / Float.BYTES)));

    private static final int NIBBLE = 0xf;
    /** The upper 2 bits of a value of Q6_K. */
    private static final int UPPER = 0x30;

    private static final int Q6_K_OFFSET = 32;
    private static final int Q6_K_UPPER_BITS = 128;

    private final RowMath rows = new VectorRowMath();

    @Override
    public void dot(
            BlockChunk chunk, int block, int blocks, SmallBatch x, float[][] groupSums, float[][] sums, int at) {
        BlockFormat format = chunk.format();
        int groups = blocks * format.groups();
        if (groups % 2 == 1) {
            dotDequantized(chunk, block, blocks, x, sums, at);
            return;
        }
        byte[] unpacked = isMultipliedAsStored(format) ? new byte[0] : chunk.unpackQuants(block, blocks);
        for (int i = 0; i < sums.length; i++) {
            float sum = dot(chunk, block, unpacked, groups, x.row(i));
            sums[i][at] = format.hasMin() ? sum - dotMins(chunk.mins(), block * format.groups(), groupSums[i]) : sum;
        }
    }

    private void dotDequantized(BlockChunk chunk, int block, int blocks, SmallBatch x, float[][] sums, int at) {
        float[] row = new float[blocks * chunk.format().blockSize()];
        dequantize(chunk, block, blocks, row);
        for (int i = 0; i < sums.length; i++) {
            sums[i][at] = rows.dot(row, x.row(i), row.length);
        }
    }

    private static boolean isMultipliedAsStored(BlockFormat format) {
        return switch (format) {
            case Q8_0, Q4_0, Q4_K, Q6_K -> true;
            case Q4_1, Q5_0, Q5_1, Q5_K -> false;
        };
    }

    /** Sum of scale * integer * x over the groups of a row. */
    private static float dot(BlockChunk chunk, int block, byte[] unpacked, int groups, float[] x) {
        BlockFormat format = chunk.format();
        int group = block * format.groups();
        int at = block * format.typeSize() + format.lowAt();
        return switch (format) {
            case Q8_0 -> dotBytes(chunk.data(), at, format.typeSize(), chunk.scales(), group, x, groups);
            case Q4_0 -> dotQ4(chunk.data(), at, format.typeSize(), chunk.scales(), group, x, groups);
            case Q4_K -> dotQ4K(chunk.data(), at, format.typeSize(), chunk.scales(), group, x, groups);
            case Q6_K -> dotQ6K(chunk.data(), at, format.typeSize(), chunk.scales(), group, x, groups);
            default -> dotBytes(unpacked, 0, format.groupSize(), chunk.scales(), group, x, groups);
        };
    }

    private static float dotMins(float[] mins, int group, float[] groupSums) {
        float even = 0;
        float odd = 0;
        for (int i = 0; i < groupSums.length; i += 2) {
            even += mins[group + i] * groupSums[i];
            odd += mins[group + i + 1] * groupSums[i + 1];
        }
        return even + odd;
    }

    /** Groups of 32 bytes, {@code stride} bytes apart. */
    private static float dotBytes(byte[] data, int at, int stride, float[] scales, int scale, float[] x, int groups) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int group = 0; group < groups; group += 2) {
            int first = at + group * stride;
            int second = first + stride;
            int column = group * 32;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                a = ((FloatVector) ByteVector.fromArray(BYTES, data, first + i)
                                .convertShape(VectorOperators.B2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                a = ((FloatVector) ByteVector.fromArray(BYTES, data, first + 16 + i)
                                .convertShape(VectorOperators.B2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                b = ((FloatVector) ByteVector.fromArray(BYTES, data, second + i)
                                .convertShape(VectorOperators.B2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                b = ((FloatVector) ByteVector.fromArray(BYTES, data, second + 16 + i)
                                .convertShape(VectorOperators.B2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + group]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + group + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    /** Q4_0: 16 bytes hold the lower 4 bits of 16 values and the upper 4 bits of the next 16. */
    private static float dotQ4(byte[] data, int at, int stride, float[] scales, int scale, float[] x, int groups) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int group = 0; group < groups; group += 2) {
            int first = at + group * stride;
            int second = first + stride;
            int column = group * 32;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector w = ((IntVector)
                        ByteVector.fromArray(BYTES, data, first + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) w.and(NIBBLE).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                a = ((FloatVector) w.lanewise(LSHR, 4).and(NIBBLE).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                IntVector v = ((IntVector)
                        ByteVector.fromArray(BYTES, data, second + i).convertShape(VectorOperators.B2I, INTS, 0));
                b = ((FloatVector) v.and(NIBBLE).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                b = ((FloatVector) v.lanewise(LSHR, 4).and(NIBBLE).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + group]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + group + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    /** Q4_K: 32 bytes hold the lower 4 bits of a group and the upper 4 bits of the next one. A block has 4 such pairs. */
    private static float dotQ4K(byte[] data, int at, int stride, float[] scales, int scale, float[] x, int groups) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int group = 0; group < groups; group += 2) {
            int pair = at + (group >> 3) * stride + (group & 7) * 16;
            int column = group * 32;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector w = ((IntVector)
                        ByteVector.fromArray(BYTES, data, pair + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) w.and(NIBBLE).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                b = ((FloatVector) w.lanewise(LSHR, 4).and(NIBBLE).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                IntVector v = ((IntVector)
                        ByteVector.fromArray(BYTES, data, pair + 16 + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) v.and(NIBBLE).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                b = ((FloatVector) v.lanewise(LSHR, 4).and(NIBBLE).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + group]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + group + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    /**
     * Q6_K: a half of a block has the lower 4 bits of 128 values in 64 bytes, like Q4_K, and their upper 2 bits in 32 bytes,
     * each with those of the values i, i + 32, i + 64 and i + 96. An iteration multiplies 16 values of each.
     */
    private static float dotQ6K(byte[] data, int at, int stride, float[] scales, int scale, float[] x, int groups) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int unit = 0; unit < groups / 4; unit++) {
            int part = (unit & 1) * 16;
            int block = at + (unit >> 2) * stride + part;
            int low = block + (unit & 2) * 32;
            int high = block + Q6_K_UPPER_BITS + (unit & 2) * 16;
            int column = (unit >> 1) * 128 + part;
            int group = scale + column / 16;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            FloatVector c = FloatVector.zero(FLOATS);
            FloatVector d = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector l = ((IntVector)
                        ByteVector.fromArray(BYTES, data, low + i).convertShape(VectorOperators.B2I, INTS, 0));
                IntVector m = ((IntVector)
                        ByteVector.fromArray(BYTES, data, low + 32 + i).convertShape(VectorOperators.B2I, INTS, 0));
                IntVector h = ((IntVector)
                        ByteVector.fromArray(BYTES, data, high + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) l.and(NIBBLE)
                                .or(h.lanewise(LSHL, 4).and(UPPER))
                                .sub(Q6_K_OFFSET)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                b = ((FloatVector) m.and(NIBBLE)
                                .or(h.lanewise(LSHL, 2).and(UPPER))
                                .sub(Q6_K_OFFSET)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                c = ((FloatVector) l.lanewise(LSHR, 4)
                                .and(NIBBLE)
                                .or(h.and(UPPER))
                                .sub(Q6_K_OFFSET)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 64 + i), c);
                d = ((FloatVector) m.lanewise(LSHR, 4)
                                .and(NIBBLE)
                                .or(h.lanewise(LSHR, 2).and(UPPER))
                                .sub(Q6_K_OFFSET)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 96 + i), d);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[group]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[group + 2]), odd);
            even = c.fma(FloatVector.broadcast(FLOATS, scales[group + 4]), even);
            odd = d.fma(FloatVector.broadcast(FLOATS, scales[group + 6]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    @Override
    public void dequantize(BlockChunk chunk, int block, int blocks, float[] to) {
        BlockFormat format = chunk.format();
        int first = block * format.groups();
        int groups = blocks * format.groups();
        byte[] quants = chunk.unpackQuants(block, blocks);
        if (format.hasMin()) {
            multiply(quants, chunk.scales(), chunk.mins(), first, groups, format.groupSize(), to);
        } else {
            multiply(quants, chunk.scales(), first, groups, format.groupSize(), to);
        }
    }

    /** to = quants * scales for groups of neighboring values, the first of which has the scale {@code scales[first]}. */
    static void multiply(byte[] quants, float[] scales, int first, int groups, int groupSize, float[] to) {
        for (int group = 0; group < groups; group++) {
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + group]);
            for (int i = group * groupSize; i < (group + 1) * groupSize; i += STEP) {
                floats(quants, i).mul(scale).intoArray(to, i);
            }
        }
    }

    private static void multiply(
            byte[] quants, float[] scales, float[] mins, int first, int groups, int groupSize, float[] to) {
        for (int group = 0; group < groups; group++) {
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + group]);
            FloatVector min = FloatVector.broadcast(FLOATS, mins[first + group]);
            for (int i = group * groupSize; i < (group + 1) * groupSize; i += STEP) {
                floats(quants, i).mul(scale).sub(min).intoArray(to, i);
            }
        }
    }

    private static FloatVector floats(byte[] quants, int at) {
        return (FloatVector) ByteVector.fromArray(BYTES, quants, at).convertShape(VectorOperators.B2F, FLOATS, 0);
    }
}
