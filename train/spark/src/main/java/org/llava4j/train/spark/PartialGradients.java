package org.llava4j.train.spark;

import java.io.Serializable;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Sum of one executor over its batches of a step.
 *
 * @param lossSum sum of the loss over all target tokens
 * @param targetTokens number of target tokens
 * @param gradients gradients of {@code lossSum}
 * @param imagesComputed images processed by the executor's vision tower
 * @param error what is wrong with the input; null if nothing is
 */
record PartialGradients(
        double lossSum,
        long targetTokens,
        FloatArrays gradients,
        long imagesComputed,
        @Nullable String error) implements Serializable {

    static PartialGradients failed(BadInputException e) {
        return new PartialGradients(0, 0, FloatArrays.of(Map.of()), 0, e.getMessage());
    }
}
