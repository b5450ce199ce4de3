package org.llava4j.train.spark;

import java.io.Serializable;
import org.llava4j.data.BadInputException;

/**
 * What an executor's share of a step sums up to.
 *
 * @param loss sum over all supervised rows
 * @param rows how many these are
 * @param gradients of the sum
 * @param pictures so many went through its tower for it
 * @param problem what is wrong with the input, instead of all others; null if nothing is
 */
record ShareSum(double loss, long rows, FloatArrays gradients, long pictures, String problem) implements Serializable {

    static ShareSum failed(BadInputException e) {
        return new ShareSum(0, 0, null, 0, e.getMessage());
    }
}
