package org.llava4j.data.conversation;

import org.llava4j.data.BadInputException;

/** Thrown for a sample without target tokens. A run can skip a limited number of invalid samples such as these. */
public class NoTargetTokensException extends BadInputException {
    private static final long serialVersionUID = 1L;

    public NoTargetTokensException(String message) {
        super(message);
    }
}
