package org.llava4j.eval.serve;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * Base64 of a data URL in each form that clients send: the standard or the URL-safe alphabet, with or without padding,
 * with white space, or with chars escaped as a URL escapes them ({@code %2B}).
 */
final class Base64Text {
    private Base64Text() {}

    /** @throws IllegalArgumentException if a char is of neither alphabet or the text is cut off, told for a client */
    static byte[] decode(String text) {
        byte[] clean = new byte[text.length()];
        int size = 0;
        boolean padded = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                c = unescaped(text, i);
                i += 2;
            }
            if (Character.isWhitespace(c)) {
                continue;
            }
            if (c == '=') {
                padded = true;
            } else if (padded) {
                throw new IllegalArgumentException("is no base64: it goes on after its padding '='");
            } else {
                clean[size++] = standard(c, i);
            }
        }
        if (size % 4 == 1) {
            throw new IllegalArgumentException(
                    "is cut off: base64 of " + size + " chars stands for no number of bytes; fetch or save it again");
        }
        return Base64.getDecoder().decode(Arrays.copyOf(clean, size));
    }

    private static char unescaped(String text, int at) {
        if (at + 3 <= text.length()
                && HexFormat.isHexDigit(text.charAt(at + 1))
                && HexFormat.isHexDigit(text.charAt(at + 2))) {
            return (char) HexFormat.fromHexDigits(text, at + 1, at + 3);
        }
        throw new IllegalArgumentException("is no base64: the char '%' at " + at + " begins no escape such as %2B");
    }

    private static byte standard(char c, int at) {
        if (c == '-') {
            return '+';
        }
        if (c == '_') {
            return '/';
        }
        boolean letter = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
        if (letter || c == '+' || c == '/') {
            return (byte) c;
        }
        throw new IllegalArgumentException("is no base64: it has the char '" + c + "' at " + at);
    }
}
