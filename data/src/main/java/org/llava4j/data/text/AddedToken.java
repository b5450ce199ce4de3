package org.llava4j.data.text;

/**
 * A token that is looked for in the text before any encoding, such as {@code </s>}.
 *
 * @param special whether decoding may leave it out
 * @param stripLeft whether it takes the whitespace before it with it
 * @param stripRight whether it takes the whitespace after it with it
 */
public record AddedToken(int id, String content, boolean special, boolean stripLeft, boolean stripRight) {}
