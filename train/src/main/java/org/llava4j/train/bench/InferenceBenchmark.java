package org.llava4j.train.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.generate.DecodeStepRunner;
import org.llava4j.model.generate.PrefillRunner;
import org.llava4j.model.kernels.BandwidthBaseline;
import org.llava4j.model.kernels.GemmBaseline;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Benchmark of a decoder's inference in this JVM, in one weight dtype. The prefill of a prompt alternates with its matrix
 * products in float32. The second question of a conversation prefills what follows the cached prompt. Decode steps alternate
 * with reads of the weights' memory: a step cannot be faster than one read, whatever the batch size. They come last, as on a
 * server: the code that prefill runs changes how the JIT compiler compiles decode steps.
 */
record InferenceBenchmark(BenchSize size, WeightDtype dtype, int repetitions) {
    static final String DECODE = "decode";
    static final String PREFILL = "prefill";
    static final String SECOND_QUESTION = "second_question";

    /** Context length of each sequence of a decode step: an image and a question. */
    static final int CONTEXT_LENGTH = 384;

    private static final int[] BATCH_SIZES = {1, 4};
    /** Steps that the JIT compiler needs, more for a model whose steps are short. */
    private static final int WARMUP_STEPS = 40;

    private static final double WARMUP_MS = 2000;
    private static final int STEPS = 20;
    /** Reads of the weights that alternate with {@link #STEPS} steps. */
    private static final int READS = 5;

    private static final int WARMUP_READS = 10;
    private static final double BYTES_PER_MB = 1e6;

    /** Runs the benchmark and returns the results with the keys of the JSON report. */
    ObjectNode measure() {
        Llava[] model = new Llava[1];
        double loadMs = Timing.milliseconds(
                () -> model[0] = Llava.buildLlama(size.config().decoder(), BenchSize.weights(dtype)));
        ObjectNode result = new JsonMapper().createObjectNode();
        result.put("dtype", dtype.toString());
        result.put("weight_mb", weightBytes(model[0]) / BYTES_PER_MB);
        result.put("load_ms", loadMs);
        ArrayNode cases = result.putArray("cases");
        PrefillRunner prefills =
                new PrefillRunner(model[0], size.config().decoder().vocabSize());
        cases.add(prefill(prefills));
        cases.add(secondQuestion(prefills));
        for (int batch : BATCH_SIZES) {
            cases.add(decode(model[0], batch));
        }
        Long peak = ProcessMemory.PEAK.bytes();
        result.put("peak_rss_mb", peak == null ? null : Double.valueOf(peak / BYTES_PER_MB));
        return result;
    }

    private ObjectNode decode(Llava model, int batch) {
        DecodeStepRunner steps = new DecodeStepRunner(model, batch, CONTEXT_LENGTH);
        List<Double> times = new ArrayList<>();
        List<Double> baselines = new ArrayList<>();
        try (BandwidthBaseline reads = new BandwidthBaseline(stepWeights(model))) {
            double warm = 0;
            for (int i = 0; i < WARMUP_STEPS || warm < WARMUP_MS; i++) {
                warm += Timing.milliseconds(steps::run);
            }
            for (int i = 0; i < WARMUP_READS; i++) {
                reads.run();
            }
            for (int i = 0; i < repetitions; i++) {
                for (int read = 0; read < READS; read++) {
                    baselines.add(Timing.milliseconds(reads::run));
                }
                for (int step = 0; step < STEPS; step++) {
                    times.add(Timing.milliseconds(steps::run));
                }
            }
        }
        double stepMs = Timing.median(times);
        double readMs = Timing.median(baselines);
        ObjectNode result = result(DECODE, stepMs, readMs);
        result.put("batch", batch);
        result.put("context_length", CONTEXT_LENGTH);
        result.put("tokens_per_s", 1e3 * batch / stepMs);
        result.put("read_gb_per_s", weightBytes(model) / readMs / BYTES_PER_MB);
        return result;
    }

    /** An image and a question, as text: the tower and the projector are apart. */
    private int promptTokens() {
        return size.length();
    }

    private ObjectNode prefill(PrefillRunner prefills) {
        LlamaConfig decoder = size.config().decoder();
        List<Double> times = new ArrayList<>();
        List<Double> baselines = new ArrayList<>();
        try (GemmBaseline products = new GemmBaseline(StepGemms.ofPrefill(decoder, promptTokens()))) {
            prefills.prefill(promptTokens());
            products.run();
            for (int i = 0; i < repetitions; i++) {
                baselines.add(Timing.milliseconds(products::run));
                times.add(Timing.milliseconds(() -> prefills.prefill(promptTokens())));
            }
        }
        ObjectNode result = result(PREFILL, Timing.median(times), Timing.median(baselines));
        result.put("tokens", promptTokens());
        return result;
    }

    private ObjectNode secondQuestion(PrefillRunner prefills) {
        int newTokens = size.textTokens();
        List<Double> alone = new ArrayList<>();
        List<Double> cached = new ArrayList<>();
        for (int i = 0; i <= repetitions; i++) {
            alone.add(Timing.milliseconds(() -> prefills.prefill(newTokens)));
        }
        prefills.cache(promptTokens());
        for (int i = 0; i <= repetitions; i++) {
            cached.add(Timing.milliseconds(() -> prefills.prefill(promptTokens() + newTokens)));
        }
        ObjectNode result = result(
                SECOND_QUESTION,
                Timing.median(cached.subList(1, cached.size())),
                Timing.median(alone.subList(1, alone.size())));
        result.put("cached_tokens", promptTokens());
        result.put("tokens", newTokens);
        return result;
    }

    private static ObjectNode result(String name, double ms, double baselineMs) {
        ObjectNode result = new JsonMapper().createObjectNode();
        result.put("case", name);
        result.put("median_ms", ms);
        result.put("baseline_ms", baselineMs);
        result.put("efficiency", baselineMs / ms);
        return result;
    }

    /** One line per case, for the terminal. */
    static String describe(ObjectNode all) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: %.0f MB of weights, loaded in %.1f s, peak %.0f MB%n",
                all.get("dtype").textValue(),
                all.get("weight_mb").doubleValue(),
                all.get("load_ms").doubleValue() / 1e3,
                all.get("peak_rss_mb").doubleValue()));
        all.get("cases")
                .forEach(result -> text.append(String.format(
                        Locale.ROOT,
                        "  %-16s %-10s %9.2f ms  baseline %9.2f ms  ratio %.2f%n",
                        result.get("case").textValue(),
                        result.has("batch") ? "batch " + result.get("batch") : result.get("tokens") + " tokens",
                        result.get("median_ms").doubleValue(),
                        result.get("baseline_ms").doubleValue(),
                        1 / result.get("efficiency").doubleValue())));
        return text.toString();
    }

    /**
     * The weights that a decode step reads: the decoder layers and the LM head; of the embedding table it reads one row
     * per sequence.
     */
    private static List<INDArray> stepWeights(Llava model) {
        return model.weightNames().stream()
                .filter(name -> name.startsWith("model.layers.") || name.startsWith("lm_head."))
                .map(model::weight)
                .toList();
    }

    private static long weightBytes(Llava model) {
        return stepWeights(model).stream()
                .mapToLong(weight -> weight.length() * weight.dataType().width())
                .sum();
    }
}
