package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.generate.DecodeStepRunner;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Measures loading and one forward pass of a model in this JVM, with vision tower, and decode steps. */
final class LoadMeasurement {
    private static final long SEED = 1;
    private static final String LOGITS = "logits";
    private static final double BYTES_PER_MB = 1e6;
    /** The second half is measured: the first one is compiled on the way. */
    private static final int DECODE_STEPS = 42;

    private LoadMeasurement() {}

    /** Measures time and memory, under the keys of the command's JSON file. */
    static ObjectNode measure(Path folder, int textTokens, WeightDtype dtype, boolean mmap) {
        ObjectNode result = new JsonMapper().createObjectNode();
        Path tower = LlavaConfig.visionTowerPath(folder);
        LlavaConfig config = LlavaConfig.read(folder, tower);
        long startNanos = System.nanoTime();
        double cpuSecondsBefore = cpuSeconds();
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(folder, tower)
                .withWeightDtype(dtype, name -> false)
                .withMmap(mmap)) {
            model = Llava.build(config, weights, ImageInput.PIXELS);
        }
        result.put("load_s", secondsSince(startNanos));
        result.put("load_cpu_s", cpuSeconds() - cpuSecondsBefore);
        result.put("mapped_mb", model.weightMemory().mappedBytes() / BYTES_PER_MB);
        result.put("peak_load_mb", megabytes(ProcessMemory.PEAK));
        result.put("anonymous_load_mb", megabytes(ProcessMemory.ANONYMOUS));
        Map<String, INDArray> placeholders = placeholders(config, textTokens);
        startNanos = System.nanoTime();
        cpuSecondsBefore = cpuSeconds();
        INDArray logits = model.output(placeholders, LOGITS);
        result.put("forward_s", secondsSince(startNanos));
        result.put("forward_cpu_s", cpuSeconds() - cpuSecondsBefore);
        result.put("peak_forward_mb", megabytes(ProcessMemory.PEAK));
        requireValid(logits);
        result.put("decode_ms", decodeMs(model, Math.toIntExact(logits.size(0))));
        result.put("peak_mb", megabytes(ProcessMemory.PEAK));
        result.put("anonymous_mb", megabytes(ProcessMemory.ANONYMOUS));
        return result;
    }

    /** Median time of a decode step after a prompt. */
    private static double decodeMs(Llava model, int contextLength) {
        DecodeStepRunner steps = new DecodeStepRunner(model, 1, contextLength);
        double[] times = new double[DECODE_STEPS];
        for (int i = 0; i < times.length; i++) {
            long startNanos = System.nanoTime();
            steps.run();
            times[i] = secondsSince(startNanos) * 1e3;
        }
        double[] warm = Arrays.copyOfRange(times, DECODE_STEPS / 2, DECODE_STEPS);
        Arrays.sort(warm);
        return warm[warm.length / 2];
    }

    /** Inputs of one sequence: an image, then text tokens. */
    private static Map<String, INDArray> placeholders(LlavaConfig config, int textTokens) {
        int vocabulary = config.decoder().vocabSize();
        int[] ids = IntStream.rangeClosed(0, textTokens)
                .map(i -> i == 0 ? LlamaTokenizer.IMAGE_TOKEN_ID : 1 + i * 7919 % (vocabulary - 1))
                .toArray();
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        BatchLayout layout = BatchLayout.collate(
                List.of(new EncodedSample(ids, labels)),
                new int[] {1},
                new CollatorOptions(config.numImageTokens(), vocabulary, config.maxLength()));
        int side = config.vision().imageSizePx();
        return Placeholders.pixels(layout, WeightInitializer.normal(SEED, "pixels", 1, 1, 3, side, side));
    }

    /** Checks that the logits of the last position are finite and not all equal. */
    private static void requireValid(INDArray logits) {
        float[] last = logits.getRow(logits.size(0) - 1).toFloatVector();
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : last) {
            if (!Float.isFinite(logit)) {
                throw new BadInputException("a logit of the last position is " + logit + "; the model is not usable");
            }
            min = Math.min(min, logit);
            max = Math.max(max, logit);
        }
        if (min == max) {
            throw new BadInputException("all logits of the last position are " + min + "; the model is not usable");
        }
    }

    private static double secondsSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    /** CPU time of all threads, which depends less on other load than elapsed time. */
    private static double cpuSeconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private static double megabytes(ProcessMemory memory) {
        return Objects.requireNonNull(memory.bytes()) / BYTES_PER_MB;
    }
}
