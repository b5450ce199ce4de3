package org.llava4j.model.generate;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;

/** Prefill of text prompts up to the logits of the first token, without sampling: measured code of the benchmark. */
public final class PrefillRunner {
    private final IncrementalDecoder decoder;
    private final int vocabSize;

    public PrefillRunner(Llava model, int vocabSize) {
        CollatorOptions options = new CollatorOptions(1, vocabSize, Integer.MAX_VALUE);
        decoder = new IncrementalDecoder(
                model, new PromptForwardPass(model, options, (layout, prompts) -> Placeholders.text(layout)));
        this.vocabSize = vocabSize;
    }

    /** Prefills a prompt of {@code tokens} tokens, of which a prefix may be cached. */
    public void prefill(int tokens) {
        decoder.release(prefilled(tokens));
    }

    /** Prefills a prompt of {@code tokens} tokens and caches it. */
    public void cache(int tokens) {
        decoder.finish(prefilled(tokens), Long.MAX_VALUE);
    }

    private Generation prefilled(int tokens) {
        // Token 0 ends sequences.
        int[] ids = IntStream.range(0, tokens)
                .map(i -> 1 + i * 7919 % (vocabSize - 1))
                .toArray();
        Generation generation = new Generation(
                new Prompt(ids, List.of()),
                tokens,
                DecodingOptions.greedy(1),
                OutputTokens.of(1, Set.of()),
                1,
                t -> true);
        decoder.prefill(List.of(generation));
        return generation;
    }
}
