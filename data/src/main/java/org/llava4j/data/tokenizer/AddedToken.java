package org.llava4j.data.tokenizer;

/**
 * A token that is looked for in the text before any encoding, such as {@code </s>}.
 *
 * @param special whether decoding may leave it out
 * @param lstrip whether it takes the whitespace before it with it
 * @param rstrip whether it takes the whitespace after it with it
 */
public record AddedToken(int id, String content, boolean special, boolean lstrip, boolean rstrip) {}
