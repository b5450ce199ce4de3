package org.llava4j.model.generate;

import org.llava4j.data.BadInputException;

/** Thrown if a prompt leaves no room for an answer in the model's context. */
public final class ContextLengthException extends BadInputException {
    private static final long serialVersionUID = 1L;

    ContextLengthException(int promptLength, int contextLength) {
        super("the prompt has " + promptLength + " tokens, which leaves no room for an answer in the"
                + " model's context length of " + contextLength + "; shorten the prompt");
    }
}
