package org.llava4j.data.tokenizer;

/**
 * Token that is matched in the text before encoding, such as {@code </s>}.
 *
 * @param id token id
 * @param content text of the token
 * @param special whether decoding may omit it
 * @param lstrip whether it absorbs the whitespace before it
 * @param rstrip whether it absorbs the whitespace after it
 */
record AddedToken(int id, String content, boolean special, boolean lstrip, boolean rstrip) {}
