package org.llava4j.model.generate;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Batched autoregressive decoder: computes the logits of the next token for sequences that may join and leave between
 * two steps. Logits are {@code float32[B, V]}, one row per sequence in the order of the argument; the caller releases
 * them.
 */
interface AutoregressiveDecoder {

    /** Prefill: processes whole prompts and returns the logits of the first new token of each. */
    INDArray prefill(List<Generation> sequences);

    /** Decode step: appends each sequence's last token and returns the logits of the next one. */
    INDArray decodeStep(List<Generation> running);

    /** Releases the memory of a finished sequence. */
    void release(Generation generation);
}
