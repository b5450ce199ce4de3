package org.llava4j.model.kernels;

/** Which {@link Kernels} the graphs of this JVM run on. */
public final class KernelChoice {
    private static final Kernels KERNELS = new Nd4jKernels();

    private KernelChoice() {}

    public static Kernels kernels() {
        return KERNELS;
    }
}
