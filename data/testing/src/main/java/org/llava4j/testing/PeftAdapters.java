package org.llava4j.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** LoRA adapters as PEFT writes them, with random A and B. */
public final class PeftAdapters {
    /** Rank of the adapters. */
    public static final int RANK = 3;

    private static final ObjectMapper JSON = new ObjectMapper();

    private PeftAdapters() {}

    /**
     * Writes an adapter on all linear layers of a decoder, without a hash of its base.
     *
     * @param folder a new folder
     * @param base a LLaVA in its own layout, or a LLaMA
     * @param size standard deviation of B; A is normal
     */
    public static Path write(Path folder, Path base, double size) {
        try {
            Files.createDirectories(folder);
            JsonNode config = JSON.readTree(base.resolve("config.json").toFile());
            Safetensors.write(folder.resolve("adapter_model.safetensors"), tensors(config, size));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return configure(folder, JSON.createObjectNode());
    }

    /** Writes {@code adapter_config.json} of a folder again, with other values of some keys. */
    public static Path configure(Path folder, JsonNode changes) {
        ObjectNode config = JSON.createObjectNode()
                .put("peft_type", "LORA")
                .put("r", RANK)
                .put("lora_alpha", 2 * RANK)
                .put("lora_dropout", 0.5);
        changes.properties().forEach(change -> config.set(change.getKey(), change.getValue()));
        try {
            Files.writeString(folder.resolve("adapter_config.json"), config.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    private static Map<String, INDArray> tensors(JsonNode config, double size) {
        int d = config.get("hidden_size").intValue();
        int wide = config.get("intermediate_size").intValue();
        int heads = config.get("num_attention_heads").intValue();
        int kvWidth = d / heads * config.path("num_key_value_heads").asInt(heads);
        Map<String, int[]> outAndIn = new LinkedHashMap<>();
        outAndIn.put("self_attn.q_proj", new int[] {d, d});
        outAndIn.put("self_attn.k_proj", new int[] {kvWidth, d});
        outAndIn.put("self_attn.v_proj", new int[] {kvWidth, d});
        outAndIn.put("self_attn.o_proj", new int[] {d, d});
        outAndIn.put("mlp.gate_proj", new int[] {wide, d});
        outAndIn.put("mlp.up_proj", new int[] {wide, d});
        outAndIn.put("mlp.down_proj", new int[] {d, wide});
        Random random = new Random(7);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (int layer = 0; layer < config.get("num_hidden_layers").intValue(); layer++) {
            String prefix = "base_model.model.model.layers." + layer + ".";
            outAndIn.forEach((name, shape) -> {
                tensors.put(prefix + name + ".lora_A.weight", normal(random, 1 / Math.sqrt(shape[1]), RANK, shape[1]));
                tensors.put(prefix + name + ".lora_B.weight", normal(random, size, shape[0], RANK));
            });
        }
        return tensors;
    }

    private static INDArray normal(Random random, double deviation, int rows, int columns) {
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (deviation * random.nextGaussian());
            }
        }
        return Nd4j.createFromArray(values);
    }
}
