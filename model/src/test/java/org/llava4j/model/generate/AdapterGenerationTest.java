package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.LoraMerge;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.PeftAdapters;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A LoRA adapter that is not merged generates the tokens of the merged model, with and without KV cache. */
class AdapterGenerationTest {
    private static final Path BASE = Golden.path("c_llava_linear");
    private static final int NEW_TOKENS = 24;
    private static final ImageRef IMAGE = new ImageRef.InMemory(new RgbImage(1, 1, new byte[3]));

    private final Random random = new Random(5);

    @TempDir
    private Path temp;

    private Path adapter;
    private ModelSource unmerged;

    @BeforeEach
    void writeAdapter() {
        adapter = PeftAdapters.write(temp.resolve("adapter"), BASE, 0.3);
        unmerged = ModelSource.withAdapter(BASE, adapter);
    }

    private ModelSource merged() {
        new LoraMerge(BASE, adapter, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(temp.resolve("merged"));
        return ModelSource.of(temp.resolve("merged"));
    }

    /** The scheduler of a model whose images all have the same features. */
    private static ContinuousBatchingScheduler scheduler(
            Llava model, BiFunction<Llava, PromptForwardPass, AutoregressiveDecoder> decoder) {
        LlavaConfig config = LlavaConfig.read(BASE, null);
        int vocabulary = config.decoder().vocabSize();
        INDArray features = features(config);
        return new ContinuousBatchingScheduler(
                model,
                new CollatorOptions(config.numImageTokens(), vocabulary, 2048, PaddingSide.RIGHT, 16),
                OutputTokens.of(vocabulary, Set.of()),
                (layout, prompts) -> {
                    long images = prompts.stream()
                            .mapToLong(prompt -> prompt.images().size())
                            .sum();
                    INDArray[] all = Collections.nCopies((int) Math.max(1, images), features)
                            .toArray(INDArray[]::new);
                    return Placeholders.features(layout, Nd4j.concat(0, all));
                },
                decoder::apply);
    }

    private static INDArray features(LlavaConfig config) {
        Random values = new Random(3);
        float[][] rows = new float[config.numImageTokens()][config.vision().hiddenSize()];
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) values.nextGaussian();
            }
        }
        return Nd4j.createFromArray(rows);
    }

    private List<Prompt> prompts() {
        return List.of(
                new Prompt(join(new int[] {1, -200}, tokens(9)), List.of(IMAGE)),
                new Prompt(join(new int[] {1}, tokens(30)), List.of()),
                new Prompt(join(new int[] {1}, tokens(4), new int[] {-200}, tokens(2)), List.of(IMAGE)));
    }

    private int[] tokens(int count) {
        return random.ints(count, 3, 128).toArray();
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static List<Generation> run(ContinuousBatchingScheduler scheduler, List<Prompt> prompts) {
        List<Generation> all = prompts.stream()
                .map(prompt -> scheduler.submit(prompt, TokenComparison.greedy(NEW_TOKENS), token -> true))
                .toList();
        all.forEach(scheduler::await);
        return all;
    }

    private static List<int[]> generate(ContinuousBatchingScheduler scheduler, List<Prompt> prompts) {
        return run(scheduler, prompts).stream().map(Generation::newTokenIds).toList();
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void kvCacheAndBatchLeaveTokensUnchanged(WeightDtype type) {
        Llava model = unmerged.buildDecoder(type);
        List<Prompt> prompts = prompts();
        TokenComparison comparison = new TokenComparison(type);
        List<Generation> uncached = run(scheduler(model, UncachedDecoder::new), prompts);
        List<Generation> batched = run(scheduler(model, IncrementalDecoder::new), prompts);
        for (int i = 0; i < prompts.size(); i++) {
            comparison.check(batched.get(i), uncached.get(i), "batched, prompt " + i);
            List<Generation> alone = run(scheduler(model, IncrementalDecoder::new), List.of(prompts.get(i)));
            comparison.check(alone.get(0), uncached.get(i), "prompt " + i + " alone");
        }
        Llava base = ModelSource.of(BASE).buildDecoder(type);
        assertThat(generate(scheduler(base, IncrementalDecoder::new), prompts).get(0))
                .as("the adapter changes the tokens")
                .isNotEqualTo(uncached.get(0).newTokenIds());
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void prefixCacheLeavesTokensUnchanged(WeightDtype type) {
        Llava model = unmerged.buildDecoder(type);
        ContinuousBatchingScheduler cached = scheduler(model, IncrementalDecoder::new);
        cached.setMaxCacheBytes(1L << 30);
        Prompt first = prompts().get(0);
        int[] answer = generate(cached, List.of(first)).get(0);
        Prompt second = new Prompt(join(first.ids(), answer, tokens(6)), first.images());
        Generation next = run(cached, List.of(second)).get(0);
        assertThat(next.cachedTokens()).isGreaterThan(first.ids().length);
        Generation uncached =
                run(scheduler(model, UncachedDecoder::new), List.of(second)).get(0);
        new TokenComparison(type).check(next, uncached, "second question");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mergedModelGeneratesSameTokens(boolean rankStabilized) {
        PeftAdapters.configure(adapter, JsonNodeFactory.instance.objectNode().put("use_rslora", rankStabilized));
        Llava apart = unmerged.buildDecoder(WeightDtype.FP32);
        Llava whole = merged().buildDecoder(WeightDtype.FP32);
        List<Prompt> prompts = prompts();
        assertThat(generate(scheduler(apart, IncrementalDecoder::new), prompts))
                .containsExactlyElementsOf(generate(scheduler(whole, IncrementalDecoder::new), prompts));
        Map<String, INDArray> inputs = inputs();
        INDArray difference = apart.output(inputs, "logits").sub(whole.output(inputs, "logits"));
        assertThat(difference.amaxNumber().doubleValue()).isLessThan(1e-4);
    }

    private static Map<String, INDArray> inputs() {
        int[] ids = new Random(8).ints(40, 3, 128).toArray();
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(Llava.IMAGE_FEATURES, features(LlavaConfig.read(BASE, null)));
        inputs.put(Llava.INPUT_IDS, Nd4j.createFromArray(ids).reshape(1, ids.length));
        int[] positions = new int[ids.length];
        Arrays.setAll(positions, i -> i);
        inputs.put(Llava.POSITIONS, Nd4j.createFromArray(positions));
        inputs.put(Llava.ROW_STARTS, Nd4j.createFromArray(0));
        int[] rows = new int[(int) inputs.get(Llava.IMAGE_FEATURES).size(0)];
        Arrays.setAll(rows, i -> 1 + i);
        inputs.put(Llava.IMAGE_ROWS, Nd4j.createFromArray(rows));
        return inputs;
    }

    /** A and B beside the base's weights; no weight of the base is there twice. */
    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void graphHasBaseInItsDtypeAndLoraInFloat32(WeightDtype type) {
        Llava base = ModelSource.of(BASE).buildDecoder(type);
        Llava model = unmerged.buildDecoder(type);
        List<String> added = model.weightNames().stream()
                .filter(name -> !base.weightNames().contains(name))
                .toList();
        assertThat(added)
                .hasSize(2
                        * LoraConfig.linearWeights(unmerged.config().decoder()).size())
                .allMatch(LoraConfig::isLora);
        assertThat(model.weightNames()).containsAll(base.weightNames());
        base.weightNames()
                .forEach(name -> assertThat(model.weight(name)).as(name).isEqualTo(base.weight(name)));
        assertThat(added).allMatch(name -> model.weight(name).dataType() == DataType.FLOAT);
        assertThat(model.graph().hasVariable(Llava.DROPOUT_SEED)).as("dropout").isFalse();
    }

    @Test
    void newAdapterLeavesTokensUnchanged() {
        PeftAdapters.write(adapter, BASE, 0);
        List<Prompt> prompts = prompts();
        List<int[]> base = generate(
                scheduler(ModelSource.of(BASE).buildDecoder(WeightDtype.FP32), IncrementalDecoder::new), prompts);
        assertThat(generate(scheduler(unmerged.buildDecoder(WeightDtype.FP32), IncrementalDecoder::new), prompts))
                .containsExactlyElementsOf(base);
    }
}
