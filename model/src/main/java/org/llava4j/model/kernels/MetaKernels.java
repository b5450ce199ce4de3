package org.llava4j.model.kernels;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/** Kernels for meta arrays, which have shapes but no elements: they compute nothing. */
public final class MetaKernels {
    private MetaKernels() {}

    /** Kernels that ignore every call. */
    public static Kernels ignoring() {
        return observedBy((call, arguments) -> {});
    }

    /** Receives the calls of kernels. */
    @FunctionalInterface
    public interface Observer {
        /**
         * Called instead of a kernel.
         *
         * @param kernel name of the method of {@link Kernels}
         * @param arguments its arguments
         */
        void called(String kernel, Object... arguments);
    }

    /** Kernels that compute nothing but notify an observer of every call. */
    public static Kernels observedBy(Observer observer) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            observer.called(method.getName(), arguments);
            return method.getReturnType() == double.class ? 0.0 : null;
        };
        return (Kernels)
                Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, handler);
    }
}
