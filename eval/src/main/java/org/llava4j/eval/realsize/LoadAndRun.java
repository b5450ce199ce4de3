package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.SpliceLayout;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.cli.ProcessMemory;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** In a JVM of its own: loads a folder in 16 bits, runs one forward pass, and tells times and peaks as JSON. */
public final class LoadAndRun {
    private static final int TEXT = 64;
    private static final int SUPERVISED = 8;

    private LoadAndRun() {}

    /** @param args the model folder */
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        long begun = System.nanoTime();
        LlavaConfig config = LlavaConfig.read(folder, null);
        Llava model;
        try (Checkpoint checkpoint = Checkpoint.llava(folder, LlavaConfig.visionTowerOf(folder))
                .withFrozenType(FrozenType.BF16, name -> false)) {
            model = Llava.build(config, checkpoint, ImageInput.PIXELS);
        }
        result.put("load_s", seconds(begun));
        result.put("peak_load_mb", ProcessMemory.peak() >> 20);
        long second = System.nanoTime();
        INDArray logits = model.output(batch(config), List.of("logits")).get("logits");
        result.put("forward_s", seconds(second));
        result.put("peak_forward_mb", ProcessMemory.peak() >> 20);
        result.put("finite", Double.isFinite(logits.sumNumber().doubleValue()));
        result.put(
                "spread", logits.maxNumber().doubleValue() - logits.minNumber().doubleValue());
        System.out.println(result);
    }

    private static double seconds(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    /** One picture and {@value #TEXT} words. */
    private static Map<String, INDArray> batch(LlavaConfig config) {
        int[] ids = new int[TEXT + 1];
        int[] labels = new int[TEXT + 1];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = 3 + (i * 7919) % (config.decoder().vocabSize() - 3);
            labels[i] = i < ids.length - SUPERVISED ? -100 : ids[i];
        }
        ids[1] = LlamaTokenizer.IMAGE_TOKEN_ID;
        SpliceLayout layout = SpliceLayout.of(
                List.of(new EncodedSample(ids, labels)),
                new int[] {1},
                new SpliceOptions(config.imageVectors(), config.decoder().vocabSize(), config.maxLength()));
        int side = config.vision().imageSizePx();
        Nd4j.getRandom().setSeed(1);
        return Placeholders.pixels(layout, Nd4j.randn(DataType.FLOAT, 1, 3, side, side));
    }
}
