package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.FastMath.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link FastMath} on vectors. Its multiplications and additions stay separate, so that results are those of the scalar
 * functions on every CPU.
 */
final class VectorFastMath {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    /** Whether the CPU has FMA, as those with AVX2 or NEON do: elsewhere {@code fma} is exact arithmetic in software. */
    static final boolean HAS_FMA = IntVector.SPECIES_PREFERRED.vectorBitSize() >= 256
            || System.getProperty("os.arch", "").equals("aarch64");

    private static final boolean REDUCES_IN_ONE_ORDER = Runtime.version().feature() <= 17;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    private VectorFastMath() {}

    private static VectorShuffle<Float> rotation(int lanes) {
        return VectorShuffle.fromOp(SPECIES, i -> (i + lanes) % SPECIES.length());
    }

    /**
     * The sum of all lanes, in the same order on every call. The order of {@code reduceLanes} is unspecified: on newer
     * JDKs it differs between interpreted and compiled code, so that a second run may round differently. JDK 17 has one
     * order, and slow shuffles.
     */
    static float sum(FloatVector x) {
        if (REDUCES_IN_ONE_ORDER) {
            return x.reduceLanes(VectorOperators.ADD);
        }
        FloatVector sum = x;
        if (SPECIES.length() > 8) {
            sum = sum.add(sum.rearrange(BY_8));
        }
        if (SPECIES.length() > 4) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        if (SPECIES.length() > 2) {
            sum = sum.add(sum.rearrange(BY_2));
        }
        return sum.add(sum.rearrange(BY_1)).lane(0);
    }

    /**
     * {@link #sum(FloatVector)} of the lanes that a large method stored: as an argument of a call that C2 does not inline
     * there, a vector is boxed.
     */
    static float sum(float[] lanes, int at) {
        return sum(FloatVector.fromArray(SPECIES, lanes, at));
    }

    static FloatVector exp(FloatVector x) {
        // Comparing and blending preserves NaN; min and max also would, at twice the cost.
        FloatVector clamped =
                x.blend(EXP_LOWEST, x.lt(EXP_LOWEST)).blend(EXP_HIGHEST, x.compare(VectorOperators.GT, EXP_HIGHEST));
        FloatVector shifted = clamped.mul(LOG2_E).add(ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = clamped.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
        FloatVector q = r.mul(E6).add(E5).mul(r).add(E4).mul(r).add(E3).mul(r).add(E2);
        FloatVector p = q.mul(r).mul(r).add(r).add(1f);
        return p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_SHIFT))
                .reinterpretAsFloats();
    }

    static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        return one.div(exp(x.neg()).add(one));
    }

    /**
     * The standard normal CDF at x.
     *
     * @param density e^(-x^2/2)
     */
    static FloatVector normalCdf(FloatVector x, FloatVector density) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector t = one.div(x.abs().mul(0.5f * SQRT_HALF).add(one));
        FloatVector high =
                t.mul(C8).add(C7).mul(t).add(C6).mul(t).add(C5).mul(t).add(C4);
        FloatVector q =
                high.mul(t).add(C3).mul(t).add(C2).mul(t).add(C1).mul(t).add(C0).mul(t);
        FloatVector tail = density.mul(q).mul(0.5f);
        VectorMask<Float> positive = x.compare(VectorOperators.GT, 0f);
        return tail.blend(one.sub(tail), positive);
    }
}
