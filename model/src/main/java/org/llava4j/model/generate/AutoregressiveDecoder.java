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
     * Releases the memory of a finished sequence, except what it keeps for prompts that begin with the same tokens.
     *
     * @param maxCacheBytes maximum memory of all that is kept
     */
    default void finish(Generation generation, long maxCacheBytes) {
        release(generation);
    }

    /** Releases the memory of a sequence. */
    void release(Generation generation);
}
