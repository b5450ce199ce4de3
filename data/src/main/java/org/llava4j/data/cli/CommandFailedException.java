package org.llava4j.data.cli;

/** A goal that ended in bad input; its message was printed. It has no stack trace: there is nothing to debug. */
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String message) {
        super(message, null, false, false);
    }
}
