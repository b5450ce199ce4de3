package org.llava4j.model.generate;

import org.jspecify.annotations.Nullable;

/**
 * Result of one chunk of a prompt's prefill.
 *
 * @param tokens number of the prompt's tokens in the chunk
 * @param logits {@code float32[V]} of the first new token; null before the last chunk
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PrefillChunk(int tokens, float @Nullable [] logits) {
    /** A chunk whose time the vision tower took. */
    static final PrefillChunk IMAGES = new PrefillChunk(0, null);
}
