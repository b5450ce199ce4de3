package org.llava4j.server;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * Lenient base64 decoder for data URLs: accepts the standard and the URL-safe alphabet, optional padding, whitespace,
 * and percent-encoded characters ({@code %2B}).
 */
final class Base64Text {
    private Base64Text() {}

    /**
     * Decodes a text.
     *
     * @throws IllegalArgumentException if a character is in neither alphabet or the text is truncated; the message is
     *     meant for the client
     */
    static byte[] decode(String text) {
        byte[] normalized = new byte[text.length()];
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
                throw new IllegalArgumentException("is not valid base64: it continues after its padding '='");
            } else {
                normalized[size++] = standard(c, i);
            }
        }
        if (size % 4 == 1) {
            throw new IllegalArgumentException("is truncated: " + size
                    + " base64 characters do not encode whole bytes; download or save it again");
        }
        return Base64.getDecoder().decode(Arrays.copyOf(normalized, size));
    }

    private static char unescaped(String text, int at) {
        if (at + 3 <= text.length()
                && HexFormat.isHexDigit(text.charAt(at + 1))
                && HexFormat.isHexDigit(text.charAt(at + 2))) {
            return (char) HexFormat.fromHexDigits(text, at + 1, at + 3);
        }
        throw new IllegalArgumentException(
                "is not valid base64: the character '%' at " + at + " does not start an escape such as %2B");
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
        throw new IllegalArgumentException("is not valid base64: it has the character '" + c + "' at " + at);
    }
}
