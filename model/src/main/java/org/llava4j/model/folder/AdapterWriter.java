package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writer of adapter folders: the weights trained in a LoRA run, without the base model; see {@link AdapterFiles}. */
public final class AdapterWriter {
    /** The {@link org.llava4j.data.AtomicFolder} kind of adapter folders. */
    public static final String KIND = "adapter";

    private AdapterWriter() {}

    /**
     * Writes an adapter into an existing folder.
     *
     * @param model the trained model
     * @param origin the base model
     * @param lora the LoRA options of the run
     * @param type dtype of the saved tensors: A, B and the projector
     */
    public static void writeInto(Path folder, Llava model, Origin origin, LoraConfig lora, TensorType type) {
        Map<String, INDArray> adapter = new LinkedHashMap<>();
        model.weightNames().stream()
                .filter(LoraConfig::isLora)
                .forEach(name -> adapter.put(AdapterFiles.PREFIX + name, model.weight(name)));
        write(folder, AdapterFiles.MODEL, adapter, type);
        Map<String, INDArray> nonLora = new LinkedHashMap<>();
        CheckpointWriter.stage1Weights(model).forEach((name, array) -> nonLora.put(AdapterFiles.PREFIX + name, array));
        write(folder, AdapterFiles.NON_LORA_TRAINABLES, nonLora, type);
        FolderFiles.writeJson(folder.resolve(AdapterFiles.CONFIG), adapterConfig(origin, lora));
        FolderFiles.writeTokenizer(origin, folder);
        ObjectNode config = LlavaFolder.config(folder, origin, type.torchName());
        config.put("mm_vision_tower", absolute(origin.visionTower()));
        // The base may be quantized; the adapter is not.
        config.remove(FolderFiles.QUANTIZATION);
        FolderFiles.writeJson(folder.resolve(FolderFiles.CONFIG), config);
    }

    private static void write(Path folder, String name, Map<String, INDArray> tensors, TensorType type) {
        SafetensorsWriter.write(folder.resolve(name + AdapterFiles.SAFETENSORS), tensors, tensor -> type);
    }

    private static ObjectNode adapterConfig(Origin origin, LoraConfig lora) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("peft_type", "LORA");
        json.put("task_type", "CAUSAL_LM");
        json.put("base_model_name_or_path", absolute(origin.folder()));
        json.put("r", lora.rank());
        if (lora.alpha() == Math.rint(lora.alpha())) {
            json.put("lora_alpha", (long) lora.alpha());
        } else {
            json.put("lora_alpha", lora.alpha());
        }
        json.put("lora_dropout", lora.dropout());
        ArrayNode targets = json.putArray("target_modules");
        targetModules(lora, origin.config().decoder()).forEach(targets::add);
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        json.put("inference_mode", true);
        json.put("init_lora_weights", true);
        json.putNull("modules_to_save");
        return json;
    }

    /**
     * Returns {@code target_modules}: last name components, as in LLaVA's adapters, if they match the targets and no
     * other layer; full module names otherwise.
     */
    private static Set<String> targetModules(LoraConfig lora, LlamaConfig decoder) {
        Set<String> targets = lora.targetsIn(decoder);
        Set<String> lastNames =
                targets.stream().map(AdapterWriter::lastName).collect(Collectors.toCollection(TreeSet::new));
        List<String> matched = LoraConfig.linearWeights(decoder).stream()
                .filter(weight -> lastNames.contains(lastName(weight)))
                .toList();
        return matched.size() == targets.size()
                ? lastNames
                : targets.stream().map(LoraConfig::moduleOf).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String lastName(String weight) {
        String module = LoraConfig.moduleOf(weight);
        return module.substring(module.lastIndexOf('.') + 1);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }
}
