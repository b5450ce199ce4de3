package org.llava4j.data.tokenizer;

/**
 * Token that is matched in the text before encoding, such as {@code </s>}.
 *
 * @param id token id
 * @param content text of the token
 * @param special whether decoding may omit it
 * @param lstrip whether it absorbs the whitespace before it
 * @param rstrip whether it absorbs the whitespace after it
 * @param singleWord whether it is matched only as a whole word
 * @param normalized whether it is matched in the normalized text; only {@code tokenizer.json} has a normalizer
 */
record AddedToken(
        int id,
        String content,
        boolean special,
        boolean lstrip,
        boolean rstrip,
        boolean singleWord,
        boolean normalized) {

    /** A token with only a content. */
    static AddedToken of(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }

    /** This token as a special token with another id. */
    AddedToken asSpecial(int newId) {
        return new AddedToken(newId, content, true, lstrip, rstrip, singleWord, normalized);
    }
}
