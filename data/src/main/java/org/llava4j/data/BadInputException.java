package org.llava4j.data;

/**
 * What a person gave us is wrong. The message is one line: what is wrong, where, and what to do. Commands print
 * it as it is and end with a non-zero exit; every other exception is our own mistake.
 */
public class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BadInputException(String message) {
        super(oneLine(message));
    }

    public BadInputException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** What is quoted of the input may hold anything; a line break in it would make two lines of one. */
    private static String oneLine(String message) {
        return LocalCopies.withOriginalPaths(message).replaceAll("[\\p{Cntrl}\u0085\u2028\u2029]+", " ");
    }
}
