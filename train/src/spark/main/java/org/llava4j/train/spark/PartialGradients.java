package org.llava4j.train.spark;

import java.io.Serializable;
import org.llava4j.data.BadInputException;

/**
 * What an executor's share of a step sums up to.
 *
 * @param lossSum sum over all supervised rows
 * @param targetTokens how many these are
 * @param gradients of the sum
 * @param imagesComputed so many went through its tower for it
 * @param error what is wrong with the input, instead of all others; null if nothing is
 */
record PartialGradients(double lossSum, long targetTokens, FloatArrays gradients, long imagesComputed, String error)
        implements Serializable {

    static PartialGradients failed(BadInputException e) {
        return new PartialGradients(0, 0, null, 0, e.getMessage());
    }
}
