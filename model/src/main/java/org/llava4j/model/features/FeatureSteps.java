package org.llava4j.model.features;

import java.util.function.BooleanSupplier;

/**
 * Computation of one image's features in steps, between which its thread can do other work. Closing it ends a
 * computation that is not complete.
 */
public interface FeatureSteps extends AutoCloseable {
    /**
     * Computes steps, at least one, until the features are complete or the computation is to pause.
     *
     * @param pause asked after each step
     * @return whether the features are complete
     * @throws org.llava4j.data.BadInputException if the image is missing or damaged
     */
    boolean advance(BooleanSupplier pause);

    /** The complete features, {@code float32[P*Dv]}. */
    float[] features();

    @Override
    void close();
}
