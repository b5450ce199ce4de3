package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;

/** Steps of texts that have so many positions behind them, without sampling: what a measurement of decoding times. */
public final class DecodeStepRunner {
    private final IncrementalDecoder decoder;
    private final List<Generation> sequences;
    private final List<KvCache> caches;
    private final int contextLength;

    /**
     * @param rows how many texts are gone on with at once
     * @param positions of each, before every step
     */
    public DecodeStepRunner(Llava model, int rows, int positions) {
        CollatorOptions options = new CollatorOptions(1, Integer.MAX_VALUE, Integer.MAX_VALUE);
        PromptForwardPass none = new PromptForwardPass(model, options, (layout, prompts) -> Map.of());
        decoder = new IncrementalDecoder(model, model.decoderWithoutLora().orElseThrow(), none);
        this.contextLength = positions;
        Prompt prompt = new Prompt(new int[] {1}, List.of());
        this.sequences = IntStream.range(0, rows)
                .mapToObj(row -> new Generation(
                        prompt, positions, SamplingOptions.GREEDY, OutputTokens.of(1, Set.of()), 1, token -> true))
                .toList();
        caches = this.sequences.stream()
                .map(row -> decoder.prefillZeros(row, positions))
                .toList();
    }

    /** The next position of each. */
    public void run() {
        PooledMemory.forCurrentThread().release(decoder.decodeStep(sequences));
        caches.forEach(sequence -> sequence.truncate(contextLength));
    }
}
