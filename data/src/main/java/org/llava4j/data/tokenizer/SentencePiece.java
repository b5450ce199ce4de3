package org.llava4j.data.tokenizer;

/**
 * One entry of a SentencePiece vocabulary; its id is its place in the list.
 *
 * @param text what the piece stands for, a space written as U+2581
 * @param score merge priority, higher first
 */
public record SentencePiece(String text, float score, Type type) {

    /** The kinds of piece, in the order of their numbers (from 1) in the file format. */
    public enum Type {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE;

        /** Whether a piece of this kind can come out of merging text. */
        boolean isText() {
            return this == NORMAL || this == USER_DEFINED || this == UNUSED;
        }
    }
}
