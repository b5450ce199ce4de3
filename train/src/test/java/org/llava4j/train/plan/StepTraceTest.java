package org.llava4j.train.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares the memory pool of traced steps with that of real steps, byte for byte. */
class StepTraceTest {
    private static final int TEXT = 24;
    private static final int TARGET_TOKENS = 10;
    private static final Predicate<String> PROJECTOR = name -> name.startsWith("model.mm_projector.");
    private static final Predicate<String> ALL = name -> !name.contains("vision");

    static Stream<Arguments> runs() {
        LlavaConfig plain = config(ProjectorType.LINEAR, SelectFeature.PATCH, false, false);
        LlavaConfig tied = config(ProjectorType.MLP2X_GELU, SelectFeature.CLS_PATCH, true, false);
        LlavaConfig startEnd = config(ProjectorType.LINEAR, SelectFeature.PATCH, false, true);
        return Stream.of(
                Arguments.of("stage 1", plain, PROJECTOR, TowerPlacement.NONE, 3, 1),
                Arguments.of("stage 1 from pixels", plain, PROJECTOR, TowerPlacement.IN_GRAPH, 3, 1),
                Arguments.of("stage 2", plain, ALL, TowerPlacement.NONE, 3, 1),
                Arguments.of("stage 2 from pixels", plain, ALL, TowerPlacement.IN_GRAPH, 2, 1),
                Arguments.of("stage 2, accumulated", plain, ALL, TowerPlacement.NONE, 2, 2),
                Arguments.of("one row", plain, ALL, TowerPlacement.NONE, 1, 1),
                Arguments.of("two layers' projector, tied head, CLS", tied, ALL, TowerPlacement.IN_GRAPH, 2, 1),
                Arguments.of(
                        "image start/end rows",
                        startEnd,
                        PROJECTOR.or(name -> name.equals(ImageStartEndEmbeddings.NAME)),
                        TowerPlacement.NONE,
                        2,
                        1),
                Arguments.of(
                        "the last layer",
                        plain,
                        (Predicate<String>) name -> name.contains(".5."),
                        TowerPlacement.NONE,
                        2,
                        1),
                Arguments.of(
                        "norms", plain, (Predicate<String>) name -> name.contains("norm"), TowerPlacement.NONE, 2, 1),
                Arguments.of("forward", plain, (Predicate<String>) name -> false, TowerPlacement.IN_GRAPH, 2, 1));
    }

    private static LlavaConfig config(
            ProjectorType projector, SelectFeature feature, boolean tied, boolean imageStartEnd) {
        return new LlavaConfig(
                new ClipConfig(16, 3, 2, 40, 28, 14, 1e-5),
                new LlamaConfig(60, 24, 6, 4, 2, 56, 1e-5, 10000, 1, tied),
                projector,
                -2,
                feature,
                64,
                false,
                false,
                imageStartEnd ? new ImageStartEndTokens(58, 59) : null);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runs")
    void planMatchesPool(
            String name,
            LlavaConfig config,
            Predicate<String> trainable,
            TowerPlacement tower,
            int batch,
            int accumulation)
            throws InterruptedException, ExecutionException {
        int length = config.numImageTokens() + TEXT;
        PlannedRun run = new PlannedRun(
                config,
                null,
                trainable,
                tower,
                WeightDtype.FP32,
                batch,
                length,
                TARGET_TOKENS,
                accumulation,
                false,
                0,
                0,
                0,
                Map.of());
        long stored = assertPoolMatches(run);
        long recomputed = assertPoolMatches(run.withGradientCheckpointing(true));
        if (Set.of("forward", "the last layer").contains(name)) {
            assertThat(recomputed)
                    .as("no gradient passes through a layer but the last")
                    .isEqualTo(stored);
        } else {
            assertThat(recomputed).isLessThan(stored * 2 / 3);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, .+_proj.weight, 1",
        "0.1, .+_proj.weight, 2",
        "0.1, .+(q|down)_proj.weight, 1",
        "0, .+v_proj.weight, 1"
    })
    void planMatchesPoolWithLora(double dropout, String target, int accumulation)
            throws InterruptedException, ExecutionException {
        LlavaConfig config = config(ProjectorType.LINEAR, SelectFeature.PATCH, false, false);
        PlannedRun run = new PlannedRun(
                config,
                new LoraConfig(3, 6, dropout, List.of(target)),
                PROJECTOR.or(LoraConfig::isLora),
                TowerPlacement.NONE,
                WeightDtype.FP32,
                2,
                config.numImageTokens() + TEXT,
                TARGET_TOKENS,
                accumulation,
                false,
                0,
                0,
                0,
                Map.of());
        assertPoolMatches(run);
        assertPoolMatches(run.withGradientCheckpointing(true));
    }

    /**
     * Runs the steps on a real pool and compares its size with the plan.
     *
     * @return bytes that the pool allocated
     */
    private static long assertPoolMatches(PlannedRun run) throws InterruptedException, ExecutionException {
        // A new thread has a new pool.
        FutureTask<Long> steps = new FutureTask<>(() -> allocatedBytes(run));
        new Thread(steps).start();
        MemoryPlan plan = MemoryPlan.of(run);
        long outsidePool = plan.weightBytes() + plan.optimizerBytes() + plan.inputBytes() + plan.jvmBytes();
        assertThat(plan.peakBytes() - outsidePool).isEqualTo(steps.get());
        return steps.get();
    }

    private static long allocatedBytes(PlannedRun run) {
        Llava model = Llava.build(
                run.config(),
                (name, shape) -> WeightInitializer.normal(1, name, 0.1, shape),
                run.tower() == TowerPlacement.IN_GRAPH ? ImageInput.PIXELS : ImageInput.FEATURES,
                run.lora() == null ? null : new Lora(run.lora(), 1));
        model.setTrainable(run.trainable());
        model.setGradientCheckpointing(run.gradientCheckpointing());
        Map<String, INDArray> batch = batch(run);
        PooledMemory pool = PooledMemory.forCurrentThread();
        if (model.trainableNames().isEmpty()) {
            try (ArrayScope scope = new ArrayScope()) {
                scope.own(model.output(batch, List.of(Llava.LOSS)));
            }
            return pool.allocatedBytes();
        }
        Trainer trainer =
                new Trainer(model, new AdamW(AdamW.Settings.PAPER), new CosineScheduleWithWarmup(1e-3, 0, 10));
        for (int step = 0; step < 3; step++) {
            trainer.step(
                    Collections.nCopies(run.gradientAccumulationSteps(), batch).iterator());
        }
        return pool.allocatedBytes();
    }

    private static Map<String, INDArray> batch(PlannedRun run) {
        int[] ids = new int[TEXT + 1];
        Arrays.setAll(ids, i -> i == 0 ? LlamaTokenizer.IMAGE_TOKEN_ID : 30 + i);
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, labels.length - TARGET_TOKENS, EncodedSample.IGNORE_INDEX);
        int[] images = new int[run.batchSize()];
        Arrays.fill(images, 1);
        BatchLayout layout = BatchLayout.collate(
                Collections.nCopies(run.batchSize(), new EncodedSample(ids, labels)),
                images,
                new CollatorOptions(
                        run.config().numImageTokens(), run.config().decoder().vocabSize(), 64));
        ClipConfig vision = run.config().vision();
        if (run.tower() == TowerPlacement.IN_GRAPH) {
            return Placeholders.pixels(
                    layout,
                    WeightInitializer.normal(
                            1, "pixels", 1, run.batchSize(), 3, vision.imageSizePx(), vision.imageSizePx()));
        }
        long vectors = (long) run.batchSize() * run.config().numImageTokens();
        return Placeholders.features(layout, WeightInitializer.normal(1, "features", 1, vectors, vision.hiddenSize()));
    }
}
