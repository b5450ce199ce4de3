package org.llava4j.model.kernels;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link HalfMath} with the Vector API; values after the last full vector are computed one by one.
 *
 * <p>The exponent and fraction of a binary16, moved to their positions in binary32, have the value times 2^-112. One
 * multiplication corrects this, also for subnormals, but not for infinities and NaN. These are detected on the way, and
 * a row that contains one is computed again in plain Java.
 */
final class VectorHalfMath implements HalfMath {
    private static final VectorSpecies<Integer> INTS = VectorLoads.INTS;
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    /** A vector with as many shorts as {@link #INTS} has ints, in half the bits. */
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));

    private static final int SIGN = 0x80000000;
    private static final int UPPER = 0xffff0000;
    /** Masks of the exponent and fraction of a binary16 in the lower and in the upper half of an int. */
    private static final int LOWER_MAGNITUDE = 0x7fff;

    private static final int UPPER_MAGNITUDE = 0x7fff0000;
    /** binary32 has 23 fraction bits, binary16 has 10. */
    private static final int FRACTION_SHIFT = 13;
    /** Magnitudes in binary32 position from here on are infinity or NaN. */
    private static final int INFINITE = 0x1f << 23;

    private static final float REBIAS = 0x1p112f;

    @Override
    public void widenBf16(short[] from, float[] to, int n) {
        int end = INTS.loopBound(n);
        for (int i = 0; i < end; i += INTS.length()) {
            widened(from, i)
                    .lanewise(VectorOperators.LSHL, Short.SIZE)
                    .reinterpretAsFloats()
                    .intoArray(to, i);
        }
        ScalarHalfMath.widenBf16From(end, from, to, n);
    }

    @Override
    public void widenF16(short[] from, float[] to, int n) {
        int end = INTS.loopBound(n);
        IntVector largest = IntVector.zero(INTS);
        for (int i = 0; i < end; i += INTS.length()) {
            IntVector half = widened(from, i);
            IntVector magnitude = half.and(LOWER_MAGNITUDE).lanewise(VectorOperators.LSHL, FRACTION_SHIFT);
            largest = largest.max(magnitude);
            magnitude.or(half.and(SIGN)).reinterpretAsFloats().mul(REBIAS).intoArray(to, i);
        }
        boolean finite = largest.reduceLanes(VectorOperators.MAX) < INFINITE;
        ScalarHalfMath.widenF16From(finite ? end : 0, from, to, n);
    }

    /** Sign-extends 16-bit values to ints. */
    private static IntVector widened(short[] from, int i) {
        return (IntVector) ShortVector.fromArray(SHORTS, from, i).castShape(INTS, 0);
    }

    /** Two rows share the loads of x. They are distant: reading neighboring rows in turns takes twice as long from memory. */
    @Override
    public void dotRowsBf16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt) {
        Object source = VectorLoads.source(memory);
        int rowBytes = columns * Short.BYTES;
        int n = columns / 2;
        int end = INTS.loopBound(n);
        float[] lanes = new float[2 * FLOATS.length()];
        int half = (rows + 1) / 2;
        for (int first = 0; first < half; first++) {
            int second = Math.min(first + half, rows - 1);
            dotBf16(source, first * rowBytes, second * rowBytes, x, n, lanes);
            sums[sumAt + first] = VectorFastMath.sum(lanes, 0);
            sums[sumAt + second] = VectorFastMath.sum(lanes, FLOATS.length());
        }
        for (int r = 0; r < rows && end < n; r++) {
            sums[sumAt + r] += (float) ScalarHalfMath.dotBf16From(end, memory, r * rowBytes, x, n);
        }
    }

    /** Dot products of the whole vectors of two rows: the sums of the two vectors of lanes. */
    private static void dotBf16(Object memory, int firstAt, int secondAt, float[] x, int n, float[] lanes) {
        int end = INTS.loopBound(n);
        FloatVector firstLower = FloatVector.zero(FLOATS);
        FloatVector firstUpper = FloatVector.zero(FLOATS);
        FloatVector secondLower = FloatVector.zero(FLOATS);
        FloatVector secondUpper = FloatVector.zero(FLOATS);
        for (int i = 0; i < end; i += INTS.length()) {
            IntVector firstPair = VectorLoads.ints(memory, firstAt + i * Integer.BYTES);
            IntVector secondPair = VectorLoads.ints(memory, secondAt + i * Integer.BYTES);
            FloatVector even = FloatVector.fromArray(FLOATS, x, i);
            FloatVector odd = FloatVector.fromArray(FLOATS, x, n + i);
            firstLower = lowerBf16(firstPair).fma(even, firstLower);
            firstUpper = upperBf16(firstPair).fma(odd, firstUpper);
            secondLower = lowerBf16(secondPair).fma(even, secondLower);
            secondUpper = upperBf16(secondPair).fma(odd, secondUpper);
        }
        firstLower.add(firstUpper).intoArray(lanes, 0);
        secondLower.add(secondUpper).intoArray(lanes, FLOATS.length());
    }

    private static FloatVector lowerBf16(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
    }

    private static FloatVector upperBf16(IntVector pairs) {
        return pairs.and(UPPER).reinterpretAsFloats();
    }

    @Override
    public void dotRowsF16(ByteBuffer memory, int rows, int columns, float[] x, float[] sums, int sumAt) {
        Object source = VectorLoads.source(memory);
        for (int r = 0; r < rows; r++) {
            sums[sumAt + r] = dotF16(memory, source, r * columns * Short.BYTES, x, columns / 2);
        }
    }

    private static float dotF16(ByteBuffer memory, Object source, int at, float[] x, int n) {
        int end = INTS.loopBound(n);
        FloatVector lower = FloatVector.zero(FLOATS);
        FloatVector upper = FloatVector.zero(FLOATS);
        IntVector largest = IntVector.zero(INTS);
        for (int i = 0; i < end; i += INTS.length()) {
            IntVector pair = VectorLoads.ints(source, at + i * Integer.BYTES);
            IntVector low = pair.and(LOWER_MAGNITUDE).lanewise(VectorOperators.LSHL, FRACTION_SHIFT);
            IntVector high = pair.and(UPPER_MAGNITUDE).lanewise(VectorOperators.LSHR, Short.SIZE - FRACTION_SHIFT);
            largest = largest.max(low).max(high);
            FloatVector a = low.or(
                            pair.lanewise(VectorOperators.LSHL, Short.SIZE).and(SIGN))
                    .reinterpretAsFloats();
            FloatVector b = high.or(pair.and(SIGN)).reinterpretAsFloats();
            lower = a.mul(REBIAS).fma(FloatVector.fromArray(FLOATS, x, i), lower);
            upper = b.mul(REBIAS).fma(FloatVector.fromArray(FLOATS, x, n + i), upper);
        }
        if (largest.reduceLanes(VectorOperators.MAX) >= INFINITE) {
            return (float) ScalarHalfMath.dotF16From(0, memory, at, x, n);
        }
        return (float) (VectorFastMath.sum(lower.add(upper)) + ScalarHalfMath.dotF16From(end, memory, at, x, n));
    }

    /** Converts the finite binary16 in the lower half of each int. */
    static FloatVector lowerF16(IntVector pairs) {
        IntVector magnitude = pairs.and(LOWER_MAGNITUDE).lanewise(VectorOperators.LSHL, FRACTION_SHIFT);
        IntVector sign = pairs.lanewise(VectorOperators.LSHL, Short.SIZE).and(SIGN);
        return magnitude.or(sign).reinterpretAsFloats().mul(REBIAS);
    }

    /** Converts the finite binary16 in the upper half of each int. */
    static FloatVector upperF16(IntVector pairs) {
        IntVector magnitude = pairs.and(UPPER_MAGNITUDE).lanewise(VectorOperators.LSHR, Short.SIZE - FRACTION_SHIFT);
        return magnitude.or(pairs.and(SIGN)).reinterpretAsFloats().mul(REBIAS);
    }
}
