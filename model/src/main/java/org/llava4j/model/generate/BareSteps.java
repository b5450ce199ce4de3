package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;

/** Steps of texts that have so many positions behind them, without sampling: what a measurement of decoding times. */
public final class BareSteps {
    private final CachedDecoder decoder;
    private final List<Generation> rows;

    /**
     * @param rows how many texts are gone on with at once
     * @param positions each begins with
     * @param steps the most that will be run
     */
    public BareSteps(Llava model, int rows, int positions, int steps) {
        SpliceOptions options = new SpliceOptions(1, Integer.MAX_VALUE, Integer.MAX_VALUE);
        decoder = new CachedDecoder(
                model,
                model.plainDecoder().orElseThrow(),
                new PromptRun(model, options, (layout, prompts) -> Map.of()));
        Prompt prompt = new Prompt(new int[] {1}, List.of());
        this.rows = IntStream.range(0, rows)
                .mapToObj(row -> new Generation(prompt, positions, Sampling.GREEDY, steps, token -> true))
                .toList();
        this.rows.forEach(row -> decoder.beginBlank(row, positions));
    }

    /** One more position of each. */
    public void run() {
        PooledMemory.ofThisThread().release(decoder.step(rows));
    }
}
