package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.LoraTensorSource;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Greedy decoding generates the same tokens as the published code, alone and in a batch, with and without the KV cache.
 */
class GoldenGenerationTest {
    private static final List<ImageRef> ONE_IMAGE = List.of(new ImageRef.InMemory(new RgbImage(1, 1, new byte[3])));
    private static final int NEW_TOKENS = 32;

    /** The reference runs ignored the end token. */
    private static OutputTokens withoutEos(int vocabSize) {
        return OutputTokens.of(vocabSize, Set.of());
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    private static JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(Golden.path(file).toFile());
    }

    @ParameterizedTest
    @ValueSource(strings = {"b_llama", "b_llama_gqa"})
    void decoderGeneratesReferenceTokens(String name) throws IOException {
        Path folder = Golden.path(name);
        LlamaConfig config = LlamaConfig.read(folder);
        Llava model;
        try (Checkpoint weights = Checkpoint.bare(folder)) {
            model = Llava.buildLlama(config, weights);
        }
        JsonNode golden = json(name + "/generate.json");
        CollatorOptions options = new CollatorOptions(1, config.vocabSize(), 2048, PaddingSide.RIGHT, 16);
        int[] prompt = ints(golden.get("prompt"));
        List<int[]> batch = List.of(prompt, new int[] {1, 2, 3}, prompt);
        for (boolean cache : new boolean[] {true, false}) {
            ContinuousBatchingScheduler scheduler = new ContinuousBatchingScheduler(
                    model,
                    options,
                    withoutEos(config.vocabSize()),
                    (layout, prompts) -> Placeholders.text(layout),
                    cache ? IncrementalDecoder::new : UncachedDecoder::new);
            for (List<int[]> prompts : List.of(List.of(prompt), batch)) {
                List<int[]> out = generate(scheduler, prompts, List.of());
                assertThat(out.get(0)).isEqualTo(ints(golden.get("greedy32")));
                assertThat(out.get(out.size() - 1)).isEqualTo(ints(golden.get("greedy32")));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "c_llava_mlp2x_gelu"})
    void modelGeneratesReferenceTokensAfterImage(String name) throws IOException {
        Path folder = Golden.path(name);
        LlavaConfig config = LlavaConfig.read(folder, null);
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(folder, LlavaConfig.visionTowerPath(folder))) {
            model = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        }
        JsonNode golden = json(name + "/meta.json").get("generate");
        int[] prompt = ints(golden.get("prompt"));
        for (boolean cache : new boolean[] {true, false}) {
            ContinuousBatchingScheduler scheduler = scheduler(name, model, config, cache);
            for (int rows = 1; rows <= 3; rows += 2) {
                assertThat(generate(scheduler, Collections.nCopies(rows, prompt), ONE_IMAGE))
                        .hasSize(rows)
                        .allSatisfy(tokens -> assertThat(tokens).isEqualTo(ints(golden.get("greedy32"))));
            }
        }
    }

    /** A folder as transformers 5 writes it, with its greedy tokens. */
    @Test
    void transformers5FolderGeneratesReferenceTokensAfterImage() throws IOException {
        String name = "j_transformers5/llava";
        Path folder = Golden.path(name);
        LlavaConfig config = LlavaConfig.read(folder, null);
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(folder, LlavaConfig.visionTowerPath(folder))) {
            model = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        }
        JsonNode golden = json(name + "/generate.json");
        int[] prompt = ints(golden.get("prompt_ids"));
        int[] greedy = ints(golden.get("greedy"));
        for (boolean cache : new boolean[] {true, false}) {
            List<int[]> generated =
                    generate(scheduler(name, model, config, cache), List.of(prompt, prompt), ONE_IMAGE, greedy.length);
            assertThat(generated)
                    .hasSize(2)
                    .allSatisfy(tokens -> assertThat(tokens).isEqualTo(greedy));
        }
    }

    /** Decoding with LoRA that is not merged, and with a dropout that only training applies. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.4})
    void unmergedLoraGeneratesSameTokensWithKvCache(double dropout) throws IOException {
        String name = "c_llava_linear";
        LlavaConfig config = LlavaConfig.read(Golden.path(name), null);
        LoraConfig lora = new LoraConfig(3, 6, dropout, LoraConfig.ALL_LINEAR);
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(Golden.path(name), LlavaConfig.visionTowerPath(Golden.path(name)))) {
            model = Llava.build(config, new LoraTensorSource(weights, 5), Llava.ImageInput.PIXELS, new Lora(lora, 5));
        }
        model.weightNames().stream()
                .filter(LoraConfig::isB)
                .map(model::weight)
                .forEach(b -> b.assign(WeightInitializer.normal(9, "b", 0.2, b.shape())));
        JsonNode golden = json(name + "/meta.json").get("generate");
        List<int[]> prompts = Collections.nCopies(2, ints(golden.get("prompt")));
        List<int[]> uncached = generate(scheduler(name, model, config, false), prompts, ONE_IMAGE);
        assertThat(uncached.get(0)).as("LoRA changes the tokens").isNotEqualTo(ints(golden.get("greedy32")));
        assertThat(generate(scheduler(name, model, config, true), prompts, ONE_IMAGE))
                .containsExactlyElementsOf(uncached);
    }

    /** A scheduler whose images are all the first one of the golden inputs. */
    private static ContinuousBatchingScheduler scheduler(String name, Llava model, LlavaConfig config, boolean cache) {
        CollatorOptions options =
                new CollatorOptions(config.numImageTokens(), config.decoder().vocabSize(), 2048, PaddingSide.RIGHT, 16);
        INDArray image;
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(name + "/io.safetensors"))) {
            String images = io.tensors().containsKey("images") ? "images" : Llava.PIXEL_VALUES;
            image = io.read(images).get(NDArrayIndex.interval(0, 1)).dup();
        }
        return new ContinuousBatchingScheduler(
                model,
                options,
                withoutEos(config.decoder().vocabSize()),
                (layout, prompts) -> Placeholders.pixels(
                        layout,
                        Nd4j.concat(
                                0, Collections.nCopies(prompts.size(), image).toArray(INDArray[]::new))),
                cache ? IncrementalDecoder::new : UncachedDecoder::new);
    }

    private static List<int[]> generate(
            ContinuousBatchingScheduler scheduler, List<int[]> prompts, List<ImageRef> images) {
        return generate(scheduler, prompts, images, NEW_TOKENS);
    }

    private static List<int[]> generate(
            ContinuousBatchingScheduler scheduler, List<int[]> prompts, List<ImageRef> images, int newTokens) {
        List<Generation> all = prompts.stream()
                .map(ids -> scheduler.submit(new Prompt(ids, images), DecodingOptions.greedy(newTokens), token -> true))
                .toList();
        all.forEach(scheduler::await);
        return all.stream().map(Generation::newTokenIds).toList();
    }
}
