package org.llava4j.model.kernels;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.llava4j.model.kernels.QuantizedFormat.GROUP;
import static org.llava4j.model.kernels.QuantizedFormat.LANES;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import org.llava4j.model.tensors.HalfFloats;

/**
 * {@link QuantizedMath} with the Vector API. A vector holds the words of 4, 8 or 16 lanes of a block. Every value is
 * shifted to its sign-extended position, converted to float32 and multiplied by x, so that x is not rounded.
 *
 * <p>The dot products are single large methods. C2 compiles methods of more than 325 bytecodes alone and does not inline
 * them: inlined with its caller, a part of the vector operations would exceed C2's limit of nodes and box its vectors.
 */
final class VectorQuantizedMath implements QuantizedMath {
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final int STEP = FLOATS.length();
    private static final int Q8_SHIFT = Integer.SIZE - 8;
    private static final int Q4_SHIFT = Integer.SIZE - 4;

    @Override
    public void dotRows(
            QuantizedFormat format,
            ByteBuffer words,
            ByteBuffer scales,
            int rows,
            int blocks,
            float[][] xs,
            float[][] sums) {
        Object source = VectorLoads.source(words);
        Object scaleSource = VectorLoads.source(scales);
        int rowBytes = blocks * LANES * Integer.BYTES;
        int pairs = blocks * format.blockColumns() / GROUP / 2;
        float[] rowScales = new float[2 * pairs];
        for (int r = 0; r < rows; r++) {
            int at = r * rowBytes;
            readScales(scales, scaleSource, r * pairs * Integer.BYTES, pairs, rowScales);
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = format == QuantizedFormat.Q8
                        ? dotQ8(source, at, rowScales, xs[i], blocks)
                        : dotQ4(source, at, rowScales, xs[i], blocks);
            }
        }
    }

    /** Reads pairs of scales: first of all pairs to {@code to[0..n)}, the second to {@code to[n..2n)}. */
    private static void readScales(ByteBuffer memory, Object source, int at, int n, float[] to) {
        int end = VectorLoads.INTS.loopBound(n);
        for (int i = 0; i < end; i += STEP) {
            IntVector pair = VectorLoads.ints(source, at + i * Integer.BYTES);
            VectorHalfMath.lowerF16(pair).intoArray(to, i);
            VectorHalfMath.upperF16(pair).intoArray(to, n + i);
        }
        for (int i = end; i < n; i++) {
            int pair = memory.getInt(at + i * Integer.BYTES);
            to[i] = HalfFloats.f16ToFloat((short) pair);
            to[n + i] = HalfFloats.f16ToFloat((short) (pair >> Short.SIZE));
        }
    }

    private static float dotQ8(Object words, int at, float[] scales, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block++) {
            int column = block * 4 * LANES;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            for (int i = 0; i < LANES; i += STEP) {
                IntVector w = VectorLoads.ints(words, at + column + i * Integer.BYTES);
                a = ((FloatVector) w.lanewise(LSHL, 24).lanewise(ASHR, Q8_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                a = ((FloatVector) w.lanewise(LSHL, 16).lanewise(ASHR, Q8_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + LANES + i), a);
                b = ((FloatVector) w.lanewise(LSHL, 8).lanewise(ASHR, Q8_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 2 * LANES + i), b);
                b = ((FloatVector) w.lanewise(ASHR, Q8_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 3 * LANES + i), b);
            }
            even = a.fma(FloatVector.broadcast(FLOATS, scales[block]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[blocks + block]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    private static float dotQ4(Object words, int at, float[] scales, float[] x, int blocks) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block++) {
            int column = block * 8 * LANES;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            FloatVector c = FloatVector.zero(FLOATS);
            FloatVector d = FloatVector.zero(FLOATS);
            for (int i = 0; i < LANES; i += STEP) {
                IntVector w = VectorLoads.ints(words, at + column / 2 + i * Integer.BYTES);
                a = ((FloatVector) w.lanewise(LSHL, 28).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + i), a);
                a = ((FloatVector) w.lanewise(LSHL, 24).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + LANES + i), a);
                b = ((FloatVector) w.lanewise(LSHL, 20).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 2 * LANES + i), b);
                b = ((FloatVector) w.lanewise(LSHL, 16).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 3 * LANES + i), b);
                c = ((FloatVector) w.lanewise(LSHL, 12).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 4 * LANES + i), c);
                c = ((FloatVector) w.lanewise(LSHL, 8).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 5 * LANES + i), c);
                d = ((FloatVector) w.lanewise(LSHL, 4).lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 6 * LANES + i), d);
                d = ((FloatVector) w.lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0))
                        .fma(FloatVector.fromArray(FLOATS, x, column + 7 * LANES + i), d);
            }
            int first = 2 * block;
            int second = 2 * blocks + 2 * block;
            even = a.fma(FloatVector.broadcast(FLOATS, scales[first]), even);
            odd = b.fma(FloatVector.broadcast(FLOATS, scales[second]), odd);
            even = c.fma(FloatVector.broadcast(FLOATS, scales[first + 1]), even);
            odd = d.fma(FloatVector.broadcast(FLOATS, scales[second + 1]), odd);
        }
        return VectorFastMath.sum(even.add(odd));
    }

    /** The highest 8 bits of each word as a signed value. */
    private static FloatVector q8(IntVector words) {
        return (FloatVector) words.lanewise(ASHR, Q8_SHIFT).castShape(FLOATS, 0);
    }

    /** The highest 4 bits of each word as a signed value. */
    private static FloatVector q4(IntVector words) {
        return (FloatVector) words.lanewise(ASHR, Q4_SHIFT).castShape(FLOATS, 0);
    }

    @Override
    public void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to) {
        int blockColumns = format.blockColumns();
        for (int block = 0; block < blocks; block++) {
            for (int i = 0; i < LANES; i += STEP) {
                IntVector w = IntVector.fromArray(VectorLoads.INTS, words, block * LANES + i);
                for (int part = 0; part < blockColumns; part += LANES) {
                    int up = Integer.SIZE - (part / LANES + 1) * format.bits();
                    int column = block * blockColumns + part;
                    IntVector shifted = w.lanewise(LSHL, up);
                    (format == QuantizedFormat.Q8 ? q8(shifted) : q4(shifted))
                            .mul(scales[column / GROUP])
                            .intoArray(to, column + i);
                }
            }
        }
    }
}
