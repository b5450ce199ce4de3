package org.llava4j.model.generate;

import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Batched autoregressive decoder: computes the logits of the next token for sequences that may join and leave between
 * two steps. Logits are one {@code float[V]} per sequence, in the order of the argument; the caller may modify them.
 */
interface AutoregressiveDecoder extends AutoCloseable {

    /** Prefill: processes whole prompts and returns the logits of the first new token of each. */
    List<float[]> prefill(List<Generation> sequences);

    /**
     * Prefills the next chunk of one prompt; the first call starts the prefill. After an exception the caller releases
     * the sequence.
     *
     * @param maxTokens maximum number of tokens of the chunk, at least 1
     * @param pause whether the vision tower, which runs before the first chunk, is to pause
     */
    PrefillChunk prefillChunk(Generation sequence, int maxTokens, BooleanSupplier pause);

    /** Decode step: appends each sequence's last token and returns the logits of the next one. */
    List<float[]> decodeStep(List<Generation> running);

    /**
     * Releases the memory of a finished sequence; may cache its keys and values for prompts with the same prefix.
     *
     * @param maxCacheBytes maximum memory of that cache
     */
    default void finish(Generation generation, long maxCacheBytes) {
        release(generation);
    }

    /** Releases the memory of a sequence, also of one whose prefill is not complete. */
    void release(Generation generation);

    /** Releases the memory of all sequences and of the cache for prefixes. */
    @Override
    void close();
}
