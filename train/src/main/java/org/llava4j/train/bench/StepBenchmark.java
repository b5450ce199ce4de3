package org.llava4j.train.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.kernels.GemmBaseline;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.llava4j.train.plan.JvmMemory;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.plan.PlannedRun;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Benchmark of one case in this JVM: alternates whole steps with the GEMM baseline.
 *
 * @param gradientCheckpointing recomputes the activations of the decoder layers in the backward pass
 * @param memorySteps steps before timing, to compare the resident memory after them with that after step {@link
 *     #WARM_STEP}; 0 for none
 */
record StepBenchmark(
        BenchSize size,
        BenchCase benchCase,
        boolean gradientCheckpointing,
        int batch,
        int repetitions,
        int memorySteps) {
    /** By this step a run should have allocated all of its memory. */
    static final int WARM_STEP = 20;

    static final String RSS_WARM = "rss_mb_step_20";
    static final String RSS_END = "rss_mb_end";
    /** Bytes of all arrays that the pool has allocated. */
    static final String ARRAYS_WARM = "arrays_mb_step_20";

    static final String ARRAYS_END = "arrays_mb_end";
    private static final double BYTES_PER_MB = 1 << 20;
    /** Steps before timing, at least and at most. */
    private static final int MIN_WARMUP = 10;

    private static final int MAX_WARMUP = 60;
    /** Timing starts after this many steps in a row in which the JIT compiler was quiet. */
    private static final int QUIET_STEPS = 3;
    /** A quiet compiler takes a smaller share of the time of a step and its baseline. */
    private static final double MAX_COMPILATION_SHARE = 0.02;

    private static final double RATE = 1e-5;
    private static final long SEED = 1;

    /** Runs the case and returns the results with the keys of the JSON report. */
    ObjectNode measure() {
        Llava model = Llava.build(
                size.config(), BenchSize.weights(), benchCase.pixels() ? ImageInput.PIXELS : ImageInput.FEATURES);
        model.setTrainable(benchCase::isTrainable);
        model.setGradientCheckpointing(gradientCheckpointing);
        Map<String, INDArray> placeholders = placeholders();
        Runnable step = step(model, placeholders);
        ObjectNode result = new JsonMapper().createObjectNode();
        for (int i = 1; i <= memorySteps; i++) {
            step.run();
            if (i == WARM_STEP || i == memorySteps) {
                result.put(i == WARM_STEP ? RSS_WARM : RSS_END, megabytes(ProcessMemory.RESIDENT));
                result.put(
                        i == WARM_STEP ? ARRAYS_WARM : ARRAYS_END,
                        PooledMemory.forCurrentThread().allocatedBytes() / BYTES_PER_MB);
            }
        }
        List<Double> steps = new ArrayList<>();
        List<Double> baselines = new ArrayList<>();
        double flops;
        long baselineBytes;
        try (GemmBaseline products = new GemmBaseline(StepGemms.of(plannedRun()))) {
            flops = products.flops();
            baselineBytes = products.bytes();
            warmUp(step, products);
            for (int i = 0; i < repetitions; i++) {
                baselines.add(Timing.milliseconds(products::run));
                steps.add(Timing.milliseconds(step));
            }
        }
        double stepMs = Timing.median(steps);
        double baselineMs = Timing.median(baselines);
        result.put("case", benchCase.label());
        result.put("gradient_checkpointing", gradientCheckpointing);
        result.put("batch", batch);
        result.put("median_ms", stepMs);
        result.put("tokens_per_s", 1e3 * batch * size.length() / stepMs);
        result.put("gflop", flops / 1e9);
        result.put("baseline_ms", baselineMs);
        result.put("efficiency", baselineMs / stepMs);
        result.put("peak_rss_mb", megabytes(ProcessMemory.PEAK));
        result.put("planned_peak_mb", (MemoryPlan.of(plannedRun()).peakBytes() + baselineBytes) / BYTES_PER_MB);
        return result;
    }

    /**
     * Runs steps until the JIT compiler is quiet: while C2 compiles the kernels, it takes time of the same cores, which a
     * long run does not lose.
     */
    private static void warmUp(Runnable step, GemmBaseline products) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        int quiet = 0;
        for (int i = 0; i < MAX_WARMUP && (i < MIN_WARMUP || quiet < QUIET_STEPS); i++) {
            long compiled = compiler.getTotalCompilationTime();
            double elapsed = Timing.milliseconds(() -> {
                step.run();
                products.run();
            });
            double share = (compiler.getTotalCompilationTime() - compiled) / elapsed;
            quiet = share < MAX_COMPILATION_SHARE ? quiet + 1 : 0;
        }
    }

    private static Runnable step(Llava model, Map<String, INDArray> placeholders) {
        if (model.trainableNames().isEmpty()) {
            return () -> {
                try (ArrayScope scope = new ArrayScope()) {
                    scope.own(model.output(placeholders, Llava.LOSS));
                }
            };
        }
        Trainer trainer = new Trainer(
                model, new AdamW(AdamW.Settings.PAPER), new CosineScheduleWithWarmup(RATE, 0, Integer.MAX_VALUE));
        return () -> trainer.step(placeholders);
    }

    private Map<String, INDArray> placeholders() {
        int vocabulary = size.config().decoder().vocabSize();
        int[] ids = IntStream.rangeClosed(0, size.textTokens())
                .map(i -> i == 0 ? LlamaTokenizer.IMAGE_TOKEN_ID : 1 + i * 7919 % (vocabulary - 1))
                .toArray();
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, labels.length - size.targetTokens(), EncodedSample.IGNORE_INDEX);
        int[] images = new int[batch];
        Arrays.fill(images, 1);
        BatchLayout layout = BatchLayout.collate(
                Collections.nCopies(batch, new EncodedSample(ids, labels)),
                images,
                new CollatorOptions(
                        size.config().numImageTokens(),
                        vocabulary,
                        size.config().maxLength()));
        ClipConfig vision = size.config().vision();
        if (benchCase.pixels()) {
            int side = vision.imageSizePx();
            return Placeholders.pixels(layout, WeightInitializer.normal(SEED, "pixels", 1, batch, 3, side, side));
        }
        int vectors = batch * size.config().numImageTokens();
        return Placeholders.features(
                layout, WeightInitializer.normal(SEED, "features", 1, vectors, vision.hiddenSize()));
    }

    PlannedRun plannedRun() {
        return new PlannedRun(
                size.config(),
                null,
                benchCase::isTrainable,
                benchCase.pixels() ? TowerPlacement.IN_GRAPH : TowerPlacement.NONE,
                WeightDtype.FP32,
                batch,
                size.length(),
                size.targetTokens(),
                1,
                gradientCheckpointing,
                0,
                0,
                // With memory steps the whole heap is touched at start-up.
                memorySteps > 0 ? Runtime.getRuntime().maxMemory() : JvmMemory.heapBytes(),
                Map.of());
    }

    /** Null if the operating system does not report it. */
    private static @Nullable Double megabytes(ProcessMemory memory) {
        Long bytes = memory.bytes();
        return bytes == null ? null : Double.valueOf(bytes / BYTES_PER_MB);
    }
}
