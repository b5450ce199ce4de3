package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.batch.SpliceOptions.Side;
import org.llava4j.model.Golden;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;

/** Tokens with keys and values kept are those of whole rows, for prompts of any length together and alone. */
class CachedDecoderTest {
    private static final int NO_EOS = -1;
    private static final int NEW_TOKENS = 20;

    @ParameterizedTest
    @ValueSource(strings = {"b_llama", "b_llama_gqa"})
    void theCacheChangesNoToken(String name) {
        LlamaConfig config = LlamaConfig.read(Golden.path(name));
        for (FrozenType type : FrozenType.values()) {
            Llava model;
            try (Checkpoint weights = Checkpoint.bare(Golden.path(name)).withFrozenType(type, any -> false)) {
                model = Llava.buildLlama(config, weights);
            }
            SpliceOptions options = new SpliceOptions(1, config.vocabSize(), 2048, Side.RIGHT, 16);
            Random random = new Random(3);
            List<int[]> prompts = new ArrayList<>();
            for (int length : new int[] {1, 3, 17, 40, 16}) {
                prompts.add(random.ints(length, 3, config.vocabSize()).toArray());
            }
            List<int[]> whole = generate(new GreedyGenerator(model, options, NO_EOS, false), prompts);
            List<int[]> kept = generate(new GreedyGenerator(model, options, NO_EOS, true), prompts);
            for (int row = 0; row < prompts.size(); row++) {
                assertThat(kept.get(row)).as(type + ", row " + row).isEqualTo(whole.get(row));
                assertThat(generate(new GreedyGenerator(model, options, NO_EOS, true), List.of(prompts.get(row)))
                                .get(0))
                        .as(type + ", row " + row + " alone")
                        .isEqualTo(whole.get(row));
            }
            // Rows end at different times: each at the token that it said fifth.
            int end = whole.get(2)[4];
            assertThat(words(untilNine(new GreedyGenerator(model, options, end, true), prompts)))
                    .isEqualTo(words(untilNine(new GreedyGenerator(model, options, end, false), prompts)));
        }
    }

    private static List<int[]> generate(GreedyGenerator generator, List<int[]> prompts) {
        return generator.generate(prompts, new int[prompts.size()], Placeholders::text, NEW_TOKENS, tokens -> false);
    }

    private static List<int[]> untilNine(GreedyGenerator generator, List<int[]> prompts) {
        return generator.generate(
                prompts, new int[prompts.size()], Placeholders::text, NEW_TOKENS, tokens -> tokens.length == 9);
    }

    private static List<String> words(List<int[]> rows) {
        return rows.stream().map(Arrays::toString).toList();
    }
}
