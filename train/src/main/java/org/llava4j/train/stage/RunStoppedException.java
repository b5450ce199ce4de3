package org.llava4j.train.stage;

import org.llava4j.data.BadInputException;

/** A run that was asked to stop before its end; its message says where it can be gone on from. */
public final class RunStoppedException extends BadInputException {
    private static final long serialVersionUID = 1L;

    RunStoppedException(String message) {
        super(message);
    }
}
