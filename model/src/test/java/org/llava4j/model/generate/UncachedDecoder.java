package org.llava4j.model.generate;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.ArrayScope;

/**
 * Reference for {@link IncrementalDecoder}: every step runs the graph over the whole sequences again.
 */
final class UncachedDecoder implements AutoregressiveDecoder {
    private final PromptForwardPass forward;

    UncachedDecoder(Llava model, PromptForwardPass forward) {
        this.forward = forward;
    }

    @Override
    public List<float[]> prefill(List<Generation> sequences) {
        return decodeStep(sequences);
    }

    @Override
    public PrefillChunk prefillChunk(Generation sequence, int maxTokens, BooleanSupplier pause) {
        return new PrefillChunk(
                sequence.promptLength(), prefill(List.of(sequence)).get(0));
    }

    @Override
    public List<float[]> decodeStep(List<Generation> running) {
        try (ArrayScope scope = new ArrayScope()) {
            return forward.run(running, List.of(), scope).logits();
        }
    }

    @Override
    public void release(Generation generation) {
        // No cache.
    }

    @Override
    public void close() {
        // No cache.
    }
}
