package org.llava4j.model.generate;

import org.llava4j.data.BadInputException;

/** Thrown if a prompt leaves no room for an answer in the model's context. */
public final class ContextLengthException extends BadInputException {
    private static final long serialVersionUID = 1L;

    ContextLengthException(int promptLength, int contextLength) {
        super("the prompt has " + promptLength + " tokens, which leaves no room for an answer in the"
                + " model's context length of " + contextLength + "; shorten the prompt");
    }

    private ContextLengthException(String message) {
        super(message);
    }

    /**
     * Rejects a prompt that is too long whatever its tokens are, before it is encoded: encoding takes time and memory for
     * each character.
     *
     * @param maxTokenBytes length of the longest token in UTF-8
     */
    public static void requireEncodable(String prompt, int maxTokenBytes, int contextLength) {
        if (prompt.length() > (long) maxTokenBytes * contextLength) {
            throw new ContextLengthException("the prompt has " + prompt.length() + " characters, more than "
                    + contextLength
                    + " tokens have, which is the model's context length; it leaves no room for an answer,"
                    + " shorten the prompt");
        }
    }
}
