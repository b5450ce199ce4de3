package org.llava4j.model.generate;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every step runs over the whole texts again: for a graph whose layers are more than their weights, as with LoRA. */
final class WholeTexts implements DecoderSteps {
    private final PromptRun prompts;

    WholeTexts(PromptRun prompts) {
        this.prompts = prompts;
    }

    @Override
    public INDArray begin(List<Generation> begun) {
        return step(begun);
    }

    @Override
    public INDArray step(List<Generation> running) {
        return prompts.run(running, List.of()).out().get(PromptRun.TARGET_LOGITS);
    }

    @Override
    public void end(Generation generation) {
        // Nothing is kept.
    }
}
