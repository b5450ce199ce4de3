package org.llava4j.data;

import java.util.Objects;

/**
 * Invalid user input: a flag, a file or a request. The message is one line: what is wrong, where, and what to do.
 * Commands print it and exit with a non-zero status; any other exception is a bug.
 */
public class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what is wrong, where, and what to do; line breaks are replaced by spaces
     */
    public BadInputException(String message) {
        super(oneLine(message));
    }

    /**
     * @param message what is wrong, where, and what to do; line breaks are replaced by spaces
     * @param cause the failure behind it
     */
    public BadInputException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** Never null, unlike the message of other exceptions. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** Quoted input may contain line breaks, which would split the message. */
    private static String oneLine(String message) {
        return LocalCopies.withOriginalPaths(message).replaceAll("[\\p{Cntrl}\u0085\u2028\u2029]+", " ");
    }
}
