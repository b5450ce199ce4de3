package org.llava4j.data.conversation;

import org.llava4j.data.BadInputException;

/** A sample without a single position to learn from. A run may be told to pass over a counted number of these. */
public class NoTargetTokensException extends BadInputException {
    private static final long serialVersionUID = 1L;

    public NoTargetTokensException(String message) {
        super(message);
    }
}
