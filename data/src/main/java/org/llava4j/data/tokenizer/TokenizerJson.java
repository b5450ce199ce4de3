package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Content of a {@code tokenizer.json} in the form that LLaMA tokenizers have.
 *
 * @param vocabulary the pieces, without added tokens
 * @param bpe the byte-pair model
 * @param addedTokens the list {@code added_tokens}
 * @param normalizer changes of each text between added tokens
 * @param metaspace the pre-tokenizer; null for none
 * @param decoder how pieces become text
 * @param bosToken the token that the post-processor puts before a text; null for none
 */
record TokenizerJson(
        Vocabulary vocabulary,
        BpeModel bpe,
        JsonNode addedTokens,
        List<Normalizer> normalizer,
        @Nullable Metaspace metaspace,
        Decoder decoder,
        @Nullable String bosToken) {

    /** Change of a text before added tokens with {@code normalized} are matched. */
    sealed interface Normalizer {}

    /** Puts a text before a text that is not empty. */
    record Prepend(String text) implements Normalizer {}

    /** Replaces each occurrence of a character. */
    record Replace(char from, char to) implements Normalizer {}

    /** When the Metaspace pre-tokenizer puts its character before a text that does not begin with it. */
    enum PrependScheme {
        /** Only at the start of the whole text. */
        FIRST,
        /** Also after each added token. */
        ALWAYS,
        NEVER
    }

    /**
     * Pre-tokenizer that marks spaces.
     *
     * @param replacement the character for a space
     * @param split whether each word, with the character before it, is encoded separately
     */
    record Metaspace(char replacement, PrependScheme scheme, boolean split) {}

    /**
     * Decoder of pieces.
     *
     * @param from text that is replaced in each piece; null for none
     * @param to its replacement
     * @param byteFallback whether byte pieces become the characters that they encode
     * @param strip character that is removed from the start of a text
     * @param stripped how often it is removed at most
     */
    record Decoder(@Nullable String from, String to, boolean byteFallback, char strip, int stripped) {}
}
