package org.llava4j.model.kernels;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.llava4j.model.kernels.QuantizedFormat.GROUP;
import static org.llava4j.model.kernels.QuantizedFormat.LANES;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.llava4j.model.tensors.HalfFloats;

/**
 * {@link QuantizedMath} with the Vector API. A vector holds the words of 4, 8 or 16 lanes of a block. A value of Q8 is
 * shifted to its sign-extended position, converted to float32 and multiplied by x. Values of Q4 are multiplied as
 * 16-bit integers, twice as many in a vector, with rounded activations.
 *
 * <p>All conversions are of one class of vectors: with another one, C2 of JDK 17 no longer inlines the call that they share
 * in the JDK, and a token takes three times as long.
 *
 * <p>The dot products are single large methods. C2 compiles methods of more than 325 bytecodes alone and does not inline
 * them: inlined with its caller, a part of the vector operations would exceed C2's limit of nodes and box its vectors.
 */
final class VectorQuantizedMath implements QuantizedMath {
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final int STEP = FLOATS.length();
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED;
    private static final int Q4_WORDS = QuantizedFormat.Q4.blockWords();
    /** Shifts of a word that bring one value to the top of each lane. */
    private static final IntVector UP = IntVector.fromArray(
            VectorLoads.INTS, new int[] {28, 24, 20, 16, 12, 8, 4, 0, 28, 24, 20, 16, 12, 8, 4, 0}, 0);

    private static final IntVector UP_SECOND =
            STEP < 8 ? IntVector.fromArray(VectorLoads.INTS, new int[] {12, 8, 4, 0}, 0) : UP;
    /** The lanes of the second word. */
    private static final VectorMask<Integer> SECOND_WORD = VectorMask.fromLong(VectorLoads.INTS, STEP > 8 ? 0xff00 : 0);

    private static final FloatVector ROUND = FloatVector.broadcast(FLOATS, FastMath.ROUND);
    private static final int MAGNITUDE = 0x7fffffff;
    private static final int Q8_SHIFT = Integer.SIZE - 8;
    private static final int Q4_SHIFT = Integer.SIZE - 4;

    @Override
    public void dotRowsQ8(ByteBuffer words, ByteBuffer scales, int rows, int blocks, float[][] xs, float[][] sums) {
        Object source = VectorLoads.source(words);
        Object scaleSource = VectorLoads.source(scales);
        int rowBytes = blocks * QuantizedFormat.Q8.blockWords() * Integer.BYTES;
        float[] rowScales = new float[2 * blocks];
        for (int r = 0; r < rows; r++) {
            readScales(scales, scaleSource, r * blocks * Integer.BYTES, blocks, rowScales);
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dotQ8(source, r * rowBytes, rowScales, xs[i], blocks);
            }
        }
    }

    @Override
    public void dotRowsQ4(
            ByteBuffer words, ByteBuffer scales, int rows, int blocks, RoundedActivations[] xs, float[][] sums) {
        Object source = VectorLoads.source(words);
        Object scaleSource = VectorLoads.source(scales);
        int rowBytes = blocks * QuantizedFormat.Q4.blockWords() * Integer.BYTES;
        int blockPairs = (blocks + 1) / 2;
        float[] rowScales = new float[blockPairs * 2 * LANES];
        for (int r = 0; r < rows; r++) {
            readBlockScales(scaleSource, r * blockPairs * LANES * Integer.BYTES, blockPairs, rowScales);
            for (int i = 0; i < xs.length; i++) {
                sums[i][r] = dotQ4(source, r * rowBytes, rowScales, xs[i].values(), xs[i].scales(), blocks);
            }
        }
    }

    /** Reads the alternating scales of pairs of blocks: those of one block after the other. */
    private static void readBlockScales(Object source, int at, int blockPairs, float[] to) {
        for (int pair = 0; pair < blockPairs; pair++) {
            for (int i = 0; i < LANES; i += STEP) {
                IntVector scales = VectorLoads.ints(source, at + (pair * LANES + i) * Integer.BYTES);
                VectorHalfMath.lowerF16(scales).intoArray(to, 2 * pair * LANES + i);
                VectorHalfMath.upperF16(scales).intoArray(to, (2 * pair + 1) * LANES + i);
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

    /** A lane of 16 bits adds 16 products of at most 8 * 255. */
    private static float dotQ4(Object words, int at, float[] scales, short[] x, float[] xScales, int blocks) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block++) {
            for (int group = 0; group < LANES; group += STEP) {
                ShortVector a = ShortVector.zero(SHORTS);
                ShortVector b = ShortVector.zero(SHORTS);
                for (int i = group; i < Q4_WORDS; i += LANES) {
                    ShortVector w = VectorLoads.ints(words, at + (block * Q4_WORDS + i) * Integer.BYTES)
                            .reinterpretAsShorts();
                    int run = 8 * Q4_WORDS * block + 2 * i;
                    a = a.add(w.lanewise(LSHL, 12).lanewise(ASHR, 12).mul(ShortVector.fromArray(SHORTS, x, run)));
                    b = b.add(w.lanewise(LSHL, 8)
                            .lanewise(ASHR, 12)
                            .mul(ShortVector.fromArray(SHORTS, x, run + 2 * Q4_WORDS)));
                    a = a.add(w.lanewise(LSHL, 4)
                            .lanewise(ASHR, 12)
                            .mul(ShortVector.fromArray(SHORTS, x, run + 4 * Q4_WORDS)));
                    b = b.add(w.lanewise(ASHR, 12).mul(ShortVector.fromArray(SHORTS, x, run + 6 * Q4_WORDS)));
                }
                IntVector both = a.add(b).reinterpretAsInts();
                FloatVector lower =
                        (FloatVector) both.lanewise(LSHL, 16).lanewise(ASHR, 16).castShape(FLOATS, 0);
                FloatVector upper = (FloatVector) both.lanewise(ASHR, 16).castShape(FLOATS, 0);
                int first = block * LANES + group;
                FloatVector scale =
                        FloatVector.fromArray(FLOATS, scales, first).mul(FloatVector.fromArray(FLOATS, xScales, first));
                sum = lower.add(upper).fma(scale, sum);
            }
        }
        return VectorFastMath.sum(sum);
    }

    @Override
    public void dequantize(QuantizedFormat format, int[] words, float[] scales, int blocks, float[] to) {
        if (format == QuantizedFormat.Q8) {
            dequantizeQ8(words, scales, blocks, to);
        } else {
            dequantizeQ4(words, scales, blocks, to);
        }
    }

    private static void dequantizeQ8(int[] words, float[] scales, int blocks, float[] to) {
        for (int block = 0; block < blocks; block++) {
            for (int i = 0; i < LANES; i += STEP) {
                IntVector w = IntVector.fromArray(VectorLoads.INTS, words, block * LANES + i);
                for (int part = 0; part < 4; part++) {
                    int column = (4 * block + part) * LANES;
                    ((FloatVector) w.lanewise(LSHL, 24 - 8 * part)
                                    .lanewise(ASHR, Q8_SHIFT)
                                    .castShape(FLOATS, 0))
                            .mul(scales[column / GROUP])
                            .intoArray(to, column + i);
                }
            }
        }
    }

    /** A vector has the values of half a word, of one, or of two. */
    private static void dequantizeQ4(int[] words, float[] scales, int blocks, float[] to) {
        for (int group = 0; group < blocks * LANES; group++) {
            int first = group / LANES * Q4_WORDS + group % LANES;
            for (int i = 0; i < GROUP; i += STEP) {
                int at = first + i / 8 * LANES;
                IntVector word = IntVector.broadcast(VectorLoads.INTS, words[at]);
                if (STEP > 8) {
                    word = word.blend(words[at + LANES], SECOND_WORD);
                }
                ((FloatVector) word.lanewise(LSHL, i % 8 == 0 ? UP : UP_SECOND)
                                .lanewise(ASHR, Q4_SHIFT)
                                .castShape(FLOATS, 0))
                        .mul(scales[group])
                        .intoArray(to, group * GROUP + i);
            }
        }
    }

    @Override
    public void roundGroups(float[] x, int groups, float[] scales) {
        for (int group = 0; group < groups; group++) {
            int from = group * GROUP;
            float absMax = absMax(x, from);
            scales[group] = absMax / RoundedActivations.MAX;
            FloatVector inverse = FloatVector.broadcast(FLOATS, RoundedActivations.inverseScale(absMax));
            for (int i = 0; i < GROUP; i += STEP) {
                FloatVector.fromArray(FLOATS, x, from + i)
                        .mul(inverse)
                        .add(ROUND)
                        .sub(ROUND)
                        .intoArray(x, from + i);
            }
        }
    }

    /** The largest magnitude of a group; NaN if it has one. Magnitudes have the order of their bits. */
    private static float absMax(float[] x, int from) {
        IntVector largest = IntVector.zero(VectorLoads.INTS);
        for (int i = 0; i < GROUP; i += STEP) {
            largest = largest.max(FloatVector.fromArray(FLOATS, x, from + i)
                    .reinterpretAsInts()
                    .and(MAGNITUDE));
        }
        return Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public void scaleGroups(float[] x, int groups, float[] scales) {
        for (int group = 0; group < groups; group++) {
            int from = group * GROUP;
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[group]);
            for (int i = 0; i < GROUP; i += STEP) {
                FloatVector.fromArray(FLOATS, x, from + i).mul(scale).intoArray(x, from + i);
            }
        }
    }
}
