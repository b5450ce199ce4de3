package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.AtomicFile;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.ShardedSafetensorsWriter;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;

/**
 * Generator of a LLaVA folder in Hugging Face's layout with random bfloat16 weights and its vision tower in {@code
 * vision_tower/}.
 */
final class RandomWeightsModel {
    private static final long SEED = 1;
    private static final String TOWER = "vision_tower";
    private static final String CONFIG = "config.json";

    private RandomWeightsModel() {}

    /** Writes into an existing folder; holds one tensor in memory at a time. */
    static void write(Path folder, PublishedModelSize size) {
        RandomBfloat16 random = new RandomBfloat16(SEED);
        List<LazyTensor> language = new ArrayList<>();
        List<LazyTensor> vision = new ArrayList<>();
        Llava.weightShapes(size.config()).forEach((name, shape) -> {
            boolean inTower = name.startsWith(Llava.TOWER_PREFIX);
            String stored = inTower ? name.substring(Llava.TOWER_PREFIX.length()) : name;
            (inTower ? vision : language)
                    .add(LazyTensor.computed(
                            new TensorInfo(stored, TensorType.BF16, shape), () -> random.array(name, shape)));
        });
        ShardedSafetensorsWriter.write(folder, language, size.shardBytes());
        writeJson(folder, config(size.config()));
        Path tower = folder.resolve(TOWER);
        try {
            Files.createDirectory(tower);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ShardedSafetensorsWriter.write(tower, vision, size.shardBytes());
        ObjectNode clip = JsonNodeFactory.instance.objectNode();
        size.config().vision().writeTo(clip);
        writeJson(tower, clip);
    }

    private static ObjectNode config(LlavaConfig config) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlavaLlamaForCausalLM");
        json.put("model_type", "llava_llama");
        config.decoder().writeTo(json);
        json.put("max_position_embeddings", config.maxLength());
        json.put("bos_token_id", 1);
        json.put("eos_token_id", 2);
        config.writeTo(json, TOWER);
        return json;
    }

    private static void writeJson(Path folder, ObjectNode json) {
        json.put("torch_dtype", TensorType.BF16.torchName());
        AtomicFile.writeString(folder.resolve(CONFIG), json.toPrettyString() + "\n");
    }
}
