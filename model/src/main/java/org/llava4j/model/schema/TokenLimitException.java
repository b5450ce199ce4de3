package org.llava4j.model.schema;

import org.llava4j.data.BadInputException;

/** Thrown if an answer may not have as many tokens as the shortest one that fits its schema. */
public final class TokenLimitException extends BadInputException {
    private static final long serialVersionUID = 1L;

    TokenLimitException(int maxTokens, int needed) {
        super("the answer may have " + maxTokens + " tokens, but one that fits the schema needs " + needed
                + "; raise the maximum number of tokens, or shorten the prompt if it fills the context");
    }
}
