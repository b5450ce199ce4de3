package org.llava4j.model.generate;

import java.util.List;

/**
 * Batched autoregressive decoder: computes the logits of the next token for sequences that may join and leave between
 * two steps. Logits are one {@code float[V]} per sequence, in the order of the argument; the caller may modify them.
 */
interface AutoregressiveDecoder {

    /** Prefill: processes whole prompts and returns the logits of the first new token of each. */
    List<float[]> prefill(List<Generation> sequences);

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

    /** Releases the memory of a sequence. */
    void release(Generation generation);
}
