package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.FastMath.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link FastMath} on vectors. Multiplications and additions stay separate: on a CPU without FMA, {@code fma} falls
 * back to exact arithmetic in software.
 */
final class VectorFastMath {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private VectorFastMath() {}

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
