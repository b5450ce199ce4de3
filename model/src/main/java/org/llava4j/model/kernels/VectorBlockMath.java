package org.llava4j.model.kernels;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

final class VectorBlockMath implements BlockMath {
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final VectorSpecies<Integer> INTS = VectorLoads.INTS;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    private static final int STEP = FLOATS.length();
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int UPPER = 0x30303030;
    private static final int Q8_BYTES = 34;
    private static final int Q4_BYTES = 18;
    private static final int Q4_K_BYTES = 144;
    private static final int Q6_K_BYTES = 210;
    private final RowMath rowMath = new VectorRowMath();

    @Override
    public void dot(
            BlockChunk chunk, int block, int blocks, SmallBatch x, float[][] groupSums, float[][] sums, int at) {
        BlockFormat format = chunk.format();
        byte[] data = chunk.data();
        float[] scales = chunk.scales();
        int from = block * format.typeSize();
        int group = block * format.groups();
        int groups = blocks * format.groups();
        boolean pairs = blocks % 2 == 0 || format.groups() > 1;
        switch (pairs ? format : BlockFormat.Q5_0) {
            case Q8_0 -> {
                for (int i = 0; i < sums.length; i++) {
                    sums[i][at] = dotQ8(data, from, scales, group, x.row(i), blocks);
                }
            }
            case Q4_0 -> {
                for (int i = 0; i < sums.length; i++) {
                    sums[i][at] = dotQ4(data, from, scales, group, x.row(i), blocks);
                }
            }
            case Q4_K -> {
                for (int i = 0; i < sums.length; i++) {
                    sums[i][at] = dotQ4K(data, from, scales, group, x.row(i), blocks)
                            - dotMins(chunk.mins(), group, groupSums[i], groups);
                }
            }
            case Q6_K -> {
                for (int i = 0; i < sums.length; i++) {
                    sums[i][at] = dotQ6K(data, from, scales, group, x.row(i), blocks);
                }
            }
            default -> {
                int columns = blocks * format.blockSize();
                float[] row = new float[columns];
                dequantize(chunk, block, blocks, row);
                for (int i = 0; i < sums.length; i++) {
                    sums[i][at] = rowMath.dot(row, x.row(i), columns);
                }
            }
        }
    }

    private static float dotMins(float[] mins, int at, float[] sums, int n) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        for (int i = 0; i < n; i += 4) {
            a += mins[at + i] * sums[i];
            b += mins[at + i + 1] * sums[i + 1];
            c += mins[at + i + 2] * sums[i + 2];
            d += mins[at + i + 3] * sums[i + 3];
        }
        return a + b + (c + d);
    }

    @Override
    public void dequantize(BlockChunk chunk, int block, int blocks, float[] to) {
        BlockFormat format = chunk.format();
        byte[] quants = new byte[blocks * format.blockSize() + Long.BYTES];
        chunk.unpackQuants(block, blocks, quants);
        int groupSize = format.groupSize();
        int first = block * format.groups();
        if (format.hasMin()) {
            multiply(quants, chunk.scales(), chunk.mins(), first, blocks * format.groups(), groupSize, to);
        } else {
            multiply(quants, chunk.scales(), first, blocks * format.groups(), groupSize, to);
        }
    }

    private static void multiply(byte[] quants, float[] scales, int first, int groups, int groupSize, float[] to) {
        for (int g = 0; g < groups; g++) {
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + g]);
            for (int i = g * groupSize; i < (g + 1) * groupSize; i += STEP) {
                floats(quants, i).mul(scale).intoArray(to, i);
            }
        }
    }

    private static void multiply(byte[] quants, float[] scales, float[] mins, int first, int groups, int groupSize, float[] to) {
        for (int g = 0; g < groups; g++) {
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + g]);
            FloatVector min = FloatVector.broadcast(FLOATS, mins[first + g]);
            for (int i = g * groupSize; i < (g + 1) * groupSize; i += STEP) {
                floats(quants, i).mul(scale).sub(min).intoArray(to, i);
            }
        }
    }

    private static FloatVector floats(byte[] quants, int at) {
        return (FloatVector) ByteVector.fromArray(BYTES, quants, at).convertShape(VectorOperators.B2F, FLOATS, 0);
    }

    private static float dotQ8(byte[] data, int at, float[] scales, int scale, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block += 2) {
            int p = at + block * Q8_BYTES + 2;
            int column = block * 32;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                a = ((FloatVector) ByteVector.fromArray(BYTES, data, p + 0 + i).convertShape(VectorOperators.B2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 0 + i), a);
                a = ((FloatVector) ByteVector.fromArray(BYTES, data, p + 16 + i).convertShape(VectorOperators.B2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                b = ((FloatVector) ByteVector.fromArray(BYTES, data, p + 34 + i).convertShape(VectorOperators.B2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                b = ((FloatVector) ByteVector.fromArray(BYTES, data, p + 50 + i).convertShape(VectorOperators.B2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + block]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + block + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    private static float dotQ4(byte[] data, int at, float[] scales, int scale, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block += 2) {
            int p = at + block * Q4_BYTES + 2;
            int column = block * 32;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector w = ((IntVector) ByteVector.fromArray(BYTES, data, p + 0 + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) w.and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 0 + i), a);
                a = ((FloatVector) w.lanewise(LSHR, 4).and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                IntVector v = ((IntVector) ByteVector.fromArray(BYTES, data, p + 18 + i).convertShape(VectorOperators.B2I, INTS, 0));
                b = ((FloatVector) v.and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                b = ((FloatVector) v.lanewise(LSHR, 4).and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + block]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + block + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    private static float dotQ4K(byte[] data, int at, float[] scales, int scale, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int unit = 0; unit < 4 * blocks; unit++) {
            int p = at + (unit >> 2) * Q4_K_BYTES + 16 + (unit & 3) * 32;
            int column = unit * 64;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector w = ((IntVector) ByteVector.fromArray(BYTES, data, p + 0 + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) w.and(15).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 0 + i), a);
                b = ((FloatVector) w.lanewise(LSHR, 4).and(15).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                IntVector v = ((IntVector) ByteVector.fromArray(BYTES, data, p + 16 + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) v.and(15).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 16 + i), a);
                b = ((FloatVector) v.lanewise(LSHR, 4).and(15).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 48 + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[scale + 2 * unit]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[scale + 2 * unit + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    private static float dotQ6K(byte[] data, int at, float[] scales, int scale, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int unit = 0; unit < 4 * blocks; unit++) {
            int part = (unit & 1) * 16;
            int block = at + (unit >> 2) * Q6_K_BYTES + part;
            int low = block + (unit & 2) * 32;
            int high = block + 128 + (unit & 2) * 16;
            int column = (unit >> 1) * 128 + part;
            int s = scale + column / 16;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            FloatVector c = FloatVector.zero(FLOATS);
            FloatVector d = FloatVector.zero(FLOATS);
            for (int i = 0; i < 16; i += STEP) {
                IntVector l = ((IntVector) ByteVector.fromArray(BYTES, data, low + i).convertShape(VectorOperators.B2I, INTS, 0));
                IntVector m = ((IntVector) ByteVector.fromArray(BYTES, data, low + 32 + i).convertShape(VectorOperators.B2I, INTS, 0));
                IntVector h = ((IntVector) ByteVector.fromArray(BYTES, data, high + i).convertShape(VectorOperators.B2I, INTS, 0));
                a = ((FloatVector) l.and(15).or(h.lanewise(LSHL, 4).and(0x30)).sub(32).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 0 + i), a);
                b = ((FloatVector) m.and(15).or(h.lanewise(LSHL, 2).and(0x30)).sub(32).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 32 + i), b);
                c = ((FloatVector) l.lanewise(LSHR, 4).and(15).or(h.and(0x30)).sub(32).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 64 + i), c);
                d = ((FloatVector) m.lanewise(LSHR, 4).and(15).or(h.lanewise(LSHR, 2).and(0x30)).sub(32).convertShape(VectorOperators.I2F, FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, column + 96 + i), d);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[s + 0]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[s + 2]), odd);
            even = c.fma(FloatVector.broadcast(FLOATS, scales[s + 4]), even);
            odd = d.fma(FloatVector.broadcast(FLOATS, scales[s + 6]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }
}
