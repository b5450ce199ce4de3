package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;

/** Steps of texts that have so many positions behind them, without sampling: what a measurement of decoding times. */
public final class BareSteps {
    private final CachedDecoder decoder;
    private final List<Generation> rows;
    private final List<KeptSequence> kept;
    private final int positions;

    /**
     * @param rows how many texts are gone on with at once
     * @param positions of each, before every step
     */
    public BareSteps(Llava model, int rows, int positions) {
        CollatorOptions options = new CollatorOptions(1, Integer.MAX_VALUE, Integer.MAX_VALUE);
        PromptRun none = new PromptRun(model, options, (layout, prompts) -> Map.of());
        decoder = new CachedDecoder(model, model.plainDecoder().orElseThrow(), none);
        this.positions = positions;
        Prompt prompt = new Prompt(new int[] {1}, List.of());
        this.rows = IntStream.range(0, rows)
                .mapToObj(row -> new Generation(
                        prompt, positions, Sampling.GREEDY, OutputTokens.of(1, Set.of()), 1, token -> true))
                .toList();
        kept = this.rows.stream().map(row -> decoder.beginBlank(row, positions)).toList();
    }

    /** The next position of each. */
    public void run() {
        PooledMemory.forCurrentThread().release(decoder.step(rows));
        kept.forEach(sequence -> sequence.rewind(positions));
    }
}
