package org.llava4j.cli;

/**
 * Failure of a command due to invalid input or insufficient memory; the message was already printed on stderr. The
 * exception has no stack trace, because the message states the cause.
 */
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String message) {
        super(message, null, false, false);
    }
}
