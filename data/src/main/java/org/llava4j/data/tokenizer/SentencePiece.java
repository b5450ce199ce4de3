package org.llava4j.data.tokenizer;

/**
 * Entry of a SentencePiece vocabulary; its id is its index in the list.
 *
 * @param text text of the piece, with U+2581 for spaces
 * @param score merge priority, higher first
 * @param type type of the piece
 */
record SentencePiece(String text, float score, Type type) {

    /** Types of pieces, in the order of their numbers (from 1) in the file format. */
    enum Type {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE;

        /** Whether merging text can produce a piece of this type. */
        boolean isText() {
            return this == NORMAL || this == USER_DEFINED || this == UNUSED;
        }
    }
}
