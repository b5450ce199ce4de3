package org.llava4j.model.kernels;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.llava4j.model.kernels.QuantizedFormat.GROUP;
import static org.llava4j.model.kernels.QuantizedFormat.LANES;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link QuantizedMath} with the Vector API. A vector holds the words of 4, 8 or 16 groups. Words of Q8 are shifted,
 * converted to float32 and multiplied by {@link SmallBatch.Form#DIFFERENCES} of x. Values of Q4 are multiplied as 16-bit
 * integers, twice as many in a vector, with rounded activations.
 *
 * <p>All calls of {@code castShape} are of one class of vectors: with another one, C2 of JDK 17 no longer inlines the call that
 * they share in the JDK, and a token takes three times as long. {@link VectorBlockMath} converts bytes, at calls of its own.
 *
 * <p>The dot products are single large methods. C2 compiles methods of more than 325 bytecodes alone and does not inline
 * them: inlined with its caller, a part of the vector operations would exceed C2's limit of nodes and box its vectors.
 */
final class VectorQuantizedMath implements QuantizedMath {
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final int STEP = FLOATS.length();
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED;
    private static final VarHandle FOUR_BYTES =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int Q8_WORDS = QuantizedFormat.Q8.blockWords();
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
    private static final int Q4_SHIFT = Integer.SIZE - 4;

    /** Two rows share the loads of x. They are distant: reading neighboring rows in turns takes twice as long from memory. */
    @Override
    public void dotRowsQ8(ByteBuffer words, ByteBuffer scales, int rows, int blocks, float[][] xs, float[][] sums) {
        Object source = VectorLoads.source(words);
        Object scaleSource = VectorLoads.source(scales);
        int rowBytes = blocks * Q8_WORDS * Integer.BYTES;
        int blockPairs = (blocks + 1) / 2;
        int scaleBytes = blockPairs * LANES * Integer.BYTES;
        float[] firstScales = new float[blockPairs * 2 * LANES];
        float[] secondScales = new float[blockPairs * 2 * LANES];
        float[] lanes = new float[2 * STEP];
        int half = (rows + 1) / 2;
        for (int first = 0; first < half; first++) {
            int second = Math.min(first + half, rows - 1);
            readBlockScales(scaleSource, first * scaleBytes, blockPairs, firstScales);
            readBlockScales(scaleSource, second * scaleBytes, blockPairs, secondScales);
            for (int i = 0; i < xs.length; i++) {
                dotQ8(source, first * rowBytes, second * rowBytes, firstScales, secondScales, xs[i], blocks, lanes);
                sums[i][first] = VectorFastMath.sum(lanes, 0);
                sums[i][second] = VectorFastMath.sum(lanes, STEP);
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
        float[] lanes = new float[STEP];
        for (int r = 0; r < rows; r++) {
            readBlockScales(scaleSource, r * blockPairs * LANES * Integer.BYTES, blockPairs, rowScales);
            for (int i = 0; i < xs.length; i++) {
                dotQ4(source, r * rowBytes, rowScales, xs[i].values(), xs[i].scales(), blocks, lanes);
                sums[i][r] = VectorFastMath.sum(lanes, 0);
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

    /** Dot products of two rows, which start at two positions of {@code words}: the sums of the two vectors of lanes. */
    private static void dotQ8(
            Object words,
            int firstAt,
            int secondAt,
            float[] firstScales,
            float[] secondScales,
            float[] x,
            int blocks,
            float[] lanes) {
        FloatVector firstSum = FloatVector.zero(FLOATS);
        FloatVector secondSum = FloatVector.zero(FLOATS);
        for (int block = 0; block < blocks; block++) {
            for (int group = 0; group < LANES; group += STEP) {
                FloatVector a = FloatVector.zero(FLOATS);
                FloatVector b = FloatVector.zero(FLOATS);
                FloatVector c = FloatVector.zero(FLOATS);
                FloatVector d = FloatVector.zero(FLOATS);
                for (int i = group; i < Q8_WORDS; i += LANES) {
                    int word = (block * Q8_WORDS + i) * Integer.BYTES;
                    int run = 4 * Q8_WORDS * block + i;
                    IntVector w = VectorLoads.ints(words, firstAt + word);
                    IntVector v = VectorLoads.ints(words, secondAt + word);
                    FloatVector x0 = FloatVector.fromArray(FLOATS, x, run);
                    a = ((FloatVector) w.lanewise(LSHL, 24).castShape(FLOATS, 0)).fma(x0, a);
                    c = ((FloatVector) v.lanewise(LSHL, 24).castShape(FLOATS, 0)).fma(x0, c);
                    FloatVector x1 = FloatVector.fromArray(FLOATS, x, run + Q8_WORDS);
                    b = ((FloatVector) w.lanewise(LSHL, 16).castShape(FLOATS, 0)).fma(x1, b);
                    d = ((FloatVector) v.lanewise(LSHL, 16).castShape(FLOATS, 0)).fma(x1, d);
                    FloatVector x2 = FloatVector.fromArray(FLOATS, x, run + 2 * Q8_WORDS);
                    a = ((FloatVector) w.lanewise(LSHL, 8).castShape(FLOATS, 0)).fma(x2, a);
                    c = ((FloatVector) v.lanewise(LSHL, 8).castShape(FLOATS, 0)).fma(x2, c);
                    FloatVector x3 = FloatVector.fromArray(FLOATS, x, run + 3 * Q8_WORDS);
                    b = ((FloatVector) w.castShape(FLOATS, 0)).fma(x3, b);
                    d = ((FloatVector) v.castShape(FLOATS, 0)).fma(x3, d);
                }
                int scale = block * LANES + group;
                firstSum = a.add(b).fma(FloatVector.fromArray(FLOATS, firstScales, scale), firstSum);
                secondSum = c.add(d).fma(FloatVector.fromArray(FLOATS, secondScales, scale), secondSum);
            }
        }
        firstSum.intoArray(lanes, 0);
        secondSum.intoArray(lanes, STEP);
    }

    /** The dot product of a row is the sum of the lanes. A lane of 16 bits adds 16 products of at most 8 * 255. */
    private static void dotQ4(
            Object words, int at, float[] scales, short[] x, float[] xScales, int blocks, float[] lanes) {
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
        sum.intoArray(lanes, 0);
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
        byte[] values = new byte[blocks * QuantizedFormat.BLOCK + Long.BYTES]; // the last vector of bytes may be longer
        for (int group = 0; group < blocks * LANES; group++) {
            int first = group / LANES * Q8_WORDS + group % LANES;
            for (int i = 0; i < GROUP / Integer.BYTES; i++) {
                int word = words[first + i * LANES] + QuantizedFormat.BYTE_OFFSETS ^ QuantizedFormat.BYTE_OFFSETS;
                FOUR_BYTES.set(values, group * GROUP + i * Integer.BYTES, word);
            }
        }
        VectorBlockMath.multiply(values, scales, 0, blocks * LANES, GROUP, to);
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

    /** The number of groups is a multiple of {@link QuantizedFormat#LANES}. */
    @Override
    public void sumRounded(
            float[] values, float[] weights, float steps, QuantizedFormat format, float[] products, float[] squares) {
        int groups = products.length;
        FloatVector min = FloatVector.broadcast(FLOATS, format.min());
        FloatVector max = FloatVector.broadcast(FLOATS, format.max());
        for (int group = 0; group < groups; group += STEP) {
            FloatVector product = FloatVector.zero(FLOATS);
            FloatVector square = FloatVector.zero(FLOATS);
            for (int i = group; i < groups * GROUP; i += groups) {
                FloatVector value = FloatVector.fromArray(FLOATS, values, i);
                FloatVector rounded = value.mul(steps).add(ROUND).sub(ROUND);
                rounded = rounded.blend(min, rounded.lt(min)).blend(max, rounded.compare(VectorOperators.GT, max));
                FloatVector weight = FloatVector.fromArray(FLOATS, weights, i);
                product = product.add(weight.mul(value).mul(rounded));
                square = square.add(weight.mul(rounded).mul(rounded));
            }
            product.intoArray(products, group);
            square.intoArray(squares, group);
        }
    }
}
