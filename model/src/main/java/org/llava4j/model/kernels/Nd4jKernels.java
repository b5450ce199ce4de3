package org.llava4j.model.kernels;

/**
 * Reference kernels in plain ND4J calls. They run on every backend and in every floating-point type, and tests compare
 * the fast kernels with them.
 */
public final class Nd4jKernels {
    private Nd4jKernels() {}

    /** Creates reference kernels. */
    public static Kernels create() {
        Nd4jAttention attention = new Nd4jAttention();
        return new Kernels(
                "ND4J kernels",
                new Nd4jLinear(),
                new Nd4jNorms(),
                new Nd4jRope(),
                attention,
                attention,
                new Nd4jActivations(),
                new Nd4jElementwise(),
                new Nd4jRows(),
                new Nd4jLoss(),
                new Nd4jVision(),
                new Nd4jOptimizer());
    }
}
