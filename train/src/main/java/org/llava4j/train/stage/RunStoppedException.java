package org.llava4j.train.stage;

import org.llava4j.data.BadInputException;

/** A run was stopped on request before its last step; the message says how to resume it. */
public final class RunStoppedException extends BadInputException {
    private static final long serialVersionUID = 1L;

    RunStoppedException(String message) {
        super(message);
    }
}
