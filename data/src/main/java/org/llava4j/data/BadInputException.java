package org.llava4j.data;

import java.util.Objects;

/**
 * Invalid user input: a flag, a file or a request. The message is one line: what is wrong, where, and what to do.
 * Commands print it and exit with a non-zero status; any other exception is a bug.
 */
public class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Maximum length of a message; a longer one is shortened to its start and its end, which has the advice. */
    private static final int MAX_CHARS = 2000;

    private static final int START_CHARS = 1500;
    private static final int END_CHARS = 300;

    /**
     * @param message what is wrong, where, and what to do; line breaks are replaced by spaces, and the middle of a
     *     message of more than 2000 characters, which quotes a long input, is left out
     */
    public BadInputException(String message) {
        super(oneLine(message));
    }

    /**
     * @param message what is wrong, where, and what to do; treated as by {@link #BadInputException(String)}
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

    /** Quoted input may contain line breaks, which would split the message, and be of any length. */
    private static String oneLine(String message) {
        String line = LocalCopies.withOriginalPaths(message).replaceAll("[\\p{Cntrl}\u0085\u2028\u2029]+", " ");
        return line.length() <= MAX_CHARS
                ? line
                : line.substring(0, START_CHARS) + " ... " + line.substring(line.length() - END_CHARS);
    }
}
