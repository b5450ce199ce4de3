package org.llava4j.model.generate;

import org.llava4j.data.BadInputException;

/**
 * Thrown if logits hold NaN or infinite values: a weight is damaged, or an activation overflowed. Generation of the
 * sequence ends, since any token would be arbitrary.
 */
public final class NonFiniteLogitsException extends BadInputException {
    private static final long serialVersionUID = 1L;

    /**
     * @param count how many logits are NaN or infinite
     * @param vocabulary how many logits there are
     */
    NonFiniteLogitsException(int count, int vocabulary) {
        super(count + " of the " + vocabulary
                + " logits of the next token are NaN or infinite, so there is no answer;"
                + " the weights are damaged or overflow: inspect --verify names the tensors");
    }

    private NonFiniteLogitsException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The same error with its context, such as the problem, in front of the message. */
    public NonFiniteLogitsException withContext(String context) {
        return new NonFiniteLogitsException(context + ": " + getMessage(), this);
    }
}
