package org.llava4j.model.kernels;

import java.lang.reflect.Proxy;

/** Kernels for meta arrays, which have shapes but no elements: they compute nothing. */
public final class MetaKernels {
    private MetaKernels() {}

    /** Kernels that ignore every call. */
    public static Kernels ignoring() {
        return observedBy(ignoring(LinearKernels.class), ignoring(AttentionKernels.class));
    }

    /**
     * Kernels that ignore every call except those of the families with large matrix products, which get the meta arrays.
     */
    public static Kernels observedBy(LinearKernels linear, AttentionKernels attention) {
        return new Kernels(
                "meta kernels",
                linear,
                ignoring(NormKernels.class),
                ignoring(RopeKernels.class),
                attention,
                ignoring(DecodeAttentionKernels.class),
                ignoring(ActivationKernels.class),
                ignoring(ElementwiseKernels.class),
                ignoring(RowKernels.class),
                ignoring(LossKernels.class),
                ignoring(VisionKernels.class),
                ignoring(OptimizerKernels.class));
    }

    private static <T> T ignoring(Class<T> family) {
        return family.cast(Proxy.newProxyInstance(
                family.getClassLoader(),
                new Class<?>[] {family},
                (proxy, method, arguments) -> method.getReturnType() == double.class ? 0.0 : null));
    }
}
