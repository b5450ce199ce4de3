package org.llava4j.train;

import org.llava4j.data.BadInputException;

/** A step whose loss or gradient is not a number any more, or whose loss explodes; no weight was changed by it. */
public final class RejectedStepException extends BadInputException {
    private static final long serialVersionUID = 1L;

    public RejectedStepException(String message) {
        super(message);
    }
}
