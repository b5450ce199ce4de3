package org.llava4j.data.tokenizer;

/**
 * What a tokenizer file defines: the pieces, and how texts are encoded and ids are decoded. Implementations are
 * immutable and thread-safe.
 */
interface TokenizerBackend {
    /** The pieces without the added tokens. */
    Vocabulary vocabulary();

    /** This backend with other added tokens. */
    TokenizerBackend with(SpecialTokens specials, TokenizerSettings settings);

    /** Appends the tokens of a text in which special tokens are ordinary text. */
    void encodePlain(String text, Encoding.Builder out);

    /** Appends the tokens of a prompt, without the BOS token, with the sentinel for each image. */
    void encode(PromptText prompt, Encoding.Builder out);

    /** A decoder that omits special tokens. */
    TokenDecoder decoder();

    /** Decodes ids with special tokens. */
    String decodeWithSpecialTokens(int[] ids);

    /** Decodes ids of pieces as if there were no added tokens. */
    String decodePieces(int[] ids);
}
