package org.llava4j.data;

/** Text functions with the behavior of Python's, on which the published code relies. */
public final class PythonText {
    private PythonText() {}

    /** Strips as {@code str.strip} does: also no-break spaces and U+0085, which {@link String#strip} keeps. */
    public static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    /** Whether a character is whitespace in Python: that of Java, no-break spaces and U+0085. */
    public static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
