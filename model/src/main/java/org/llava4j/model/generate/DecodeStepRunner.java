package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;

/**
 * Decode steps at a fixed context length and batch size, without prefill and sampling: the measured code of the decode
 * benchmark. The KV cache holds zeros.
 */
public final class DecodeStepRunner {
    private final IncrementalDecoder decoder;
    private final List<Generation> sequences;
    private final List<KvCache> caches;
    private final int contextLength;

    /**
     * @param batchSize number of sequences
     * @param contextLength tokens in each sequence's KV cache before every step
     */
    public DecodeStepRunner(Llava model, int batchSize, int contextLength) {
        CollatorOptions options = new CollatorOptions(1, Integer.MAX_VALUE, Integer.MAX_VALUE);
        PromptForwardPass none = new PromptForwardPass(model, options, (layout, prompts) -> Map.of());
        decoder = new IncrementalDecoder(model, none);
        this.contextLength = contextLength;
        Prompt prompt = new Prompt(new int[] {1}, List.of());
        this.sequences = IntStream.range(0, batchSize)
                .mapToObj(row -> new Generation(
                        prompt,
                        contextLength,
                        DecodingOptions.greedy(1),
                        OutputTokens.of(1, Set.of()),
                        1,
                        token -> true))
                .toList();
        caches = this.sequences.stream()
                .map(sequence -> decoder.prefillZeros(sequence, contextLength))
                .toList();
    }

    /** Decodes one token for every sequence, then truncates the caches to the context length again. */
    public void run() {
        decoder.decodeStep(sequences);
        caches.forEach(cache -> cache.truncate(contextLength));
    }
}
