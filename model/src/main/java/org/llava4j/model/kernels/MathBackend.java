package org.llava4j.model.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How heap rows are computed.
 *
 * @param name for logs and tests
 */
record MathBackend(String name, RowMath rows, ActivationMath activations, HalfMath halves, Int8Math int8) {

    private static final Logger LOG = LoggerFactory.getLogger(MathBackend.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    /** Plain Java, on any JVM. */
    static MathBackend scalar() {
        return new MathBackend(
                "scalar", new ScalarRowMath(), new ScalarActivationMath(), new ScalarHalfMath(), new ScalarInt8Math());
    }

    /** The Vector API where this JVM was started with it, else plain Java with one warning. */
    static MathBackend bestAvailable() {
        if (hasVectorApi()) {
            return vector();
        }
        if (WARNED.compareAndSet(false, true)) {
            LOG.warn("this JVM runs without the Vector API, so kernels run scalar and several times slower;"
                    + " start java with --add-modules jdk.incubator.vector");
        }
        return scalar();
    }

    static boolean hasVectorApi() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    // The classes that need the module are named only here, and loaded only when this runs.
    private static MathBackend vector() {
        return new MathBackend(
                "vector", new VectorRowMath(), new VectorActivationMath(), new VectorHalfMath(), new VectorInt8Math());
    }
}
