package org.llava4j.model.generate;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every step runs over the whole texts again: for a graph whose layers are more than their weights, as with LoRA. */
final class UncachedDecoder implements AutoregressiveDecoder {
    private final PromptForwardPass forward;

    UncachedDecoder(PromptForwardPass prompts) {
        this.forward = prompts;
    }

    @Override
    public INDArray prefill(List<Generation> begun) {
        return decodeStep(begun);
    }

    @Override
    public INDArray decodeStep(List<Generation> running) {
        return forward.run(running, List.of()).outputs().get(PromptForwardPass.TARGET_LOGITS);
    }

    @Override
    public void release(Generation generation) {
        // Nothing is kept.
    }
}
