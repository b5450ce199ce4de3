package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.generate.ContinuousBatchingScheduler;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.OutputTokens;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The decoder of {@code k_gguf} generates the tokens that an independent implementation generates from its dequantized weights. */
class GgufModelTest {
    private static final Path DECODER = Golden.path("k_gguf/model.gguf");

    private static Llava decoder(WeightDtype type, boolean mmap) {
        LlamaConfig config = LlamaConfig.read(DECODER);
        try (Checkpoint weights =
                Checkpoint.bare(DECODER).withWeightDtype(type, name -> false).withMmap(mmap)) {
            return Llava.buildLlama(config, weights);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightDtype.class,
            names = {"FP32", "STORED"})
    void decoderGeneratesReferenceTokens(WeightDtype type) {
        int[] expected = Golden.ints(Golden.json("k_gguf/generate.json").get("greedy24"));
        int[] prompt = Golden.ints(Golden.json("k_gguf/generate.json").get("prompt"));
        for (boolean mmap : new boolean[] {true, false}) {
            Llava model = decoder(type, mmap);
            CollatorOptions options = new CollatorOptions(1, 1000, 512, PaddingSide.RIGHT, 16);
            ContinuousBatchingScheduler scheduler = new ContinuousBatchingScheduler(
                    model,
                    options,
                    OutputTokens.of(LlamaTokenizer.load(DECODER), 1000, Set.of()),
                    (layout, prompts) -> Placeholders.text(layout));
            Generation generation = scheduler.submit(
                    new Prompt(prompt, List.of()), DecodingOptions.greedy(expected.length), id -> true);
            scheduler.await(generation);
            assertThat(generation.newTokenIds()).isEqualTo(expected);
        }
    }

    @Test
    void storedWeightsKeepTheirFormAndAreMapped() {
        Llava model = decoder(WeightDtype.STORED, true);
        INDArray gate = model.weight("model.layers.0.mlp.gate_proj.weight");
        assertThat(gate.dataType()).isEqualTo(DataType.UBYTE);
        assertThat(gate.shape()).containsExactly(512, 8, 18);
        assertThat(MappedArray.isMapped(gate)).isTrue();
        assertThat(model.weight("model.layers.1.self_attn.v_proj.weight").dataType())
                .isEqualTo(DataType.BFLOAT16);
        assertThat(model.weight("model.layers.2.mlp.up_proj.weight").dataType()).isEqualTo(DataType.HALF);
        assertThat(MappedArray.isMapped(model.weight("model.layers.2.mlp.up_proj.weight")))
                .isTrue();
        INDArray query = model.weight("model.layers.0.self_attn.q_proj.weight");
        assertThat(query.shape()).containsExactly(256, 1, 144);
        assertThat(MappedArray.isMapped(query))
                .as("RoPE reads the order of the file")
                .isTrue();
        assertThat(MappedArray.isMapped(
                        decoder(WeightDtype.STORED, false).weight("model.layers.0.mlp.gate_proj.weight")))
                .isFalse();
    }
}
