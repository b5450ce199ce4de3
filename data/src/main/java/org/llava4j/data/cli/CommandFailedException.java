package org.llava4j.data.cli;

/**
 * Failure of a command due to invalid input, after its message was printed. It has no stack trace, because there is
 * nothing to debug.
 */
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String message) {
        super(message, null, false, false);
    }
}
