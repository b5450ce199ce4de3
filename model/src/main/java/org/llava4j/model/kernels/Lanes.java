package org.llava4j.model.kernels;

/**
 * How heap rows are computed.
 *
 * @param name for logs and tests
 */
record Lanes(String name, RowMath rows, ActivationMath activations, HalfMath halves, ByteMath bytes) {

    /** Plain Java, on any JVM. */
    static Lanes scalar() {
        return new Lanes(
                "scalar", new ScalarRowMath(), new ScalarActivationMath(), new ScalarHalfMath(), new ScalarByteMath());
    }

    /** The Vector API where this JVM was started with it, else plain Java. */
    static Lanes best() {
        return hasVectorApi() ? vector() : scalar();
    }

    static boolean hasVectorApi() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    // The classes that need the module are named only here, and loaded only when this runs.
    private static Lanes vector() {
        return new Lanes(
                "vector", new VectorRowMath(), new VectorActivationMath(), new VectorHalfMath(), new VectorByteMath());
    }
}
