package org.llava4j.train;

import org.llava4j.data.BadInputException;

/**
 * Rejection of an optimizer step because its loss or gradient is NaN or infinite or its loss is too high; no weight was
 * changed.
 */
public final class RejectedStepException extends BadInputException {
    private static final long serialVersionUID = 1L;

    RejectedStepException(String message) {
        super(message);
    }
}
