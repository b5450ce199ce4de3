package org.llava4j.model.kernels;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link Int8Math} with the Vector API; values after the last full vector are computed one by one. */
final class VectorInt8Math implements Int8Math {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = VectorFastMath.SPECIES;
    private static final int UPPERMOST = 24;
    private static final boolean WIDENS = INTS.vectorBitSize() / 4 >= 64;
    /** A vector with as many bytes as {@link #INTS} has ints, in a quarter of the bits. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, INTS.vectorBitSize() / 4)));

    @Override
    public float dot(int[] quads, int at, float[] x, int n) {
        int end = INTS.loopBound(n);
        FloatVector first = FloatVector.zero(FLOATS);
        FloatVector second = FloatVector.zero(FLOATS);
        FloatVector third = FloatVector.zero(FLOATS);
        FloatVector fourth = FloatVector.zero(FLOATS);
        for (int i = 0; i < end; i += INTS.length()) {
            IntVector quad = IntVector.fromArray(INTS, quads, at + i);
            first = plus(first, quad.lanewise(VectorOperators.LSHL, UPPERMOST), x, i);
            second = plus(second, quad.lanewise(VectorOperators.LSHL, UPPERMOST - 8), x, n + i);
            third = plus(third, quad.lanewise(VectorOperators.LSHL, UPPERMOST - 16), x, 2 * n + i);
            fourth = plus(fourth, quad, x, 3 * n + i);
        }
        float sum = first.add(second).add(third.add(fourth)).reduceLanes(VectorOperators.ADD);
        return sum + ScalarInt8Math.dotFrom(end, quads, at, x, n);
    }

    /** Returns sum + (highest byte of each int) * x. */
    private static FloatVector plus(FloatVector sum, IntVector quad, float[] x, int at) {
        IntVector value = quad.lanewise(VectorOperators.ASHR, UPPERMOST);
        return ((FloatVector) value.castShape(FLOATS, 0)).fma(FloatVector.fromArray(FLOATS, x, at), sum);
    }

    @Override
    public void dequantize(byte[] from, int at, float factor, float[] to, int n) {
        int end = WIDENS ? FLOATS.loopBound(n) : 0;
        for (int i = 0; i < end; i += FLOATS.length()) {
            ((FloatVector) ByteVector.fromArray(BYTES, from, at + i).castShape(FLOATS, 0))
                    .mul(factor)
                    .intoArray(to, i);
        }
        ScalarInt8Math.dequantizeFrom(end, from, at, factor, to, n);
    }
}
