package org.llava4j.data.tokenizer;

/** Incremental decoder of token ids: appends the text that each id completes. */
interface TokenDecoder {
    /**
     * Appends the text that an id completes, often none.
     *
     * @throws org.llava4j.data.BadInputException if the id is outside the vocabulary
     */
    void append(int id, StringBuilder out);

    /** Appends the rest. */
    void finish(StringBuilder out);
}
