package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.cli.ProcessMemory;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Loads a folder in this JVM, tower included and matrices in 16 bits, and runs it once. */
final class LoadMeasurement {
    private static final long SEED = 1;
    private static final String LOGITS = "logits";
    private static final double BYTES_PER_MB = 1e6;

    private LoadMeasurement() {}

    /** Seconds and memory of loading and of one forward pass, under the names of the goal's file. */
    static ObjectNode measure(Path folder, int textPositions) {
        ObjectNode result = new JsonMapper().createObjectNode();
        Path tower = LlavaConfig.visionTowerPath(folder);
        LlavaConfig config = LlavaConfig.read(folder, tower);
        long begun = System.nanoTime();
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(folder, tower).withWeightDtype(WeightDtype.BF16, name -> false)) {
            model = Llava.build(config, weights, ImageInput.PIXELS);
        }
        result.put("load_s", secondsSince(begun));
        result.put("peak_load_mb", megabytes(ProcessMemory.PEAK));
        result.put("anonymous_load_mb", megabytes(ProcessMemory.ANONYMOUS));
        Map<String, INDArray> placeholders = placeholders(config, textPositions);
        begun = System.nanoTime();
        double processorBegun = processorSeconds();
        INDArray logits = model.output(placeholders, List.of(LOGITS)).get(LOGITS);
        result.put("forward_s", secondsSince(begun));
        result.put("forward_cpu_s", processorSeconds() - processorBegun);
        result.put("peak_forward_mb", megabytes(ProcessMemory.PEAK));
        require(logits);
        return result;
    }

    /** One picture, then words. */
    private static Map<String, INDArray> placeholders(LlavaConfig config, int textPositions) {
        int vocabulary = config.decoder().vocabSize();
        int[] ids = IntStream.rangeClosed(0, textPositions)
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

    /** Refuses results that no working model gives. */
    private static void require(INDArray logits) {
        float[] last = logits.getRow(logits.size(0) - 1).toFloatVector();
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        for (float logit : last) {
            if (!Float.isFinite(logit)) {
                throw new BadInputException("a logit of the last position is " + logit + "; the model does not work");
            }
            least = Math.min(least, logit);
            most = Math.max(most, logit);
        }
        if (least == most) {
            throw new BadInputException("all logits of the last position are " + least + "; the model does not work");
        }
    }

    private static double secondsSince(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    /** Processor time of all threads: what other work on the machine distorts least. */
    private static double processorSeconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private static double megabytes(ProcessMemory memory) {
        return memory.bytes().orElseThrow() / BYTES_PER_MB;
    }
}
