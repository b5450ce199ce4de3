package org.llava4j.model.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Implementations of row arithmetic: plain Java ({@code scalar}) or SIMD by the Vector API ({@code vector}).
 *
 * @param name for logs and tests
 */
record MathBackend(
        String name,
        RowMath rows,
        ActivationMath activations,
        HalfMath halves,
        QuantizedMath quantized,
        BlockMath blocks,
        HeadAttention attention) {

    private static final Logger LOG = LoggerFactory.getLogger(MathBackend.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    /** Plain Java, for any JVM. */
    static MathBackend scalar() {
        return new MathBackend(
                "scalar",
                new ScalarRowMath(),
                new ScalarActivationMath(),
                new ScalarHalfMath(),
                new ScalarQuantizedMath(),
                new ScalarBlockMath(),
                new BlasHeadAttention(new ScalarRowMath()));
    }

    /** The Vector API if this JVM was started with it, else plain Java with one warning. */
    static MathBackend bestAvailable() {
        if (hasVectorApi()) {
            return vector();
        }
        if (WARNED.compareAndSet(false, true)) {
            LOG.warn("the JVM runs without the Vector API: kernels are scalar and several times slower;"
                    + " start java with --add-modules jdk.incubator.vector");
        }
        return scalar();
    }

    static boolean hasVectorApi() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    // Only this method names the classes that need the module, so they are loaded only when it runs.
    private static MathBackend vector() {
        return new MathBackend(
                "vector",
                new VectorRowMath(),
                new VectorActivationMath(),
                VectorFastMath.HAS_FMA ? new VectorHalfMath() : new ScalarHalfMath(),
                VectorFastMath.HAS_FMA ? new VectorQuantizedMath() : new ScalarQuantizedMath(),
                VectorFastMath.HAS_FMA ? new VectorBlockMath() : new ScalarBlockMath(),
                VectorTileMath.IS_FAST
                        ? new TiledHeadAttention(new VectorTileMath())
                        : new BlasHeadAttention(new VectorRowMath()));
    }
}
