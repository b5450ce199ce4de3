package org.llava4j.model.generate;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Uncached decoder: every step runs the graph over the whole sequences again. Used for a decoder with LoRA, which
 * {@link IncrementalDecoder} does not implement.
 */
final class UncachedDecoder implements AutoregressiveDecoder {
    private final PromptForwardPass forward;

    UncachedDecoder(PromptForwardPass forward) {
        this.forward = forward;
    }

    @Override
    public INDArray prefill(List<Generation> sequences) {
        return decodeStep(sequences);
    }

    @Override
    public INDArray decodeStep(List<Generation> running) {
        return forward.run(running, List.of()).outputs().get(PromptForwardPass.TARGET_LOGITS);
    }

    @Override
    public void release(Generation generation) {
        // No cache.
    }
}
