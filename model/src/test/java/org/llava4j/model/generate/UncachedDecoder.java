package org.llava4j.model.generate;

import java.util.List;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reference for {@link IncrementalDecoder}: every step runs the graph over the whole sequences again.
 */
final class UncachedDecoder implements AutoregressiveDecoder {
    private final PromptForwardPass forward;

    UncachedDecoder(Llava model, PromptForwardPass forward) {
        this.forward = forward;
    }

    @Override
    public INDArray prefill(List<Generation> sequences) {
        return decodeStep(sequences);
    }

    @Override
    public INDArray decodeStep(List<Generation> running) {
        return forward.run(running, List.of()).output(PromptForwardPass.TARGET_LOGITS);
    }

    @Override
    public void release(Generation generation) {
        // No cache.
    }
}
