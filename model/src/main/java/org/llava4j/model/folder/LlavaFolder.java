package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.ConfigFile;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaHfConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;

/**
 * Writer of LLaVA's own folder layout:
 *
 * <pre>
 * config.json               the origin's, updated
 * model.safetensors         decoder and projector; sharded above a size
 * mm_projector.safetensors  the projector alone, as stage 1's result (with the token embeddings of a model that has
 *                           image start and end tokens)
 * tokenizer.model, ...      the origin's
 * vision_tower/             a CLIP folder: the frozen tower as loaded
 * </pre>
 */
final class LlavaFolder {
    static final String TOWER_FOLDER = "vision_tower";

    private LlavaFolder() {}

    static void write(Path folder, Collection<LazyTensor> tensors, Origin origin, WriteOptions options) {
        List<LazyTensor> language = filter(tensors, name -> !CheckpointWriter.isVisionTower(name));
        options.writeWeights(folder, language);
        writeProjector(folder, language, origin.config());
        ObjectNode config = config(folder, origin, options.torchType(language));
        options.writeTo(config);
        FolderFiles.writeJson(folder.resolve(FolderFiles.CONFIG), config);
        FolderFiles.writeTokenizer(origin, folder);
        Path tower = FolderFiles.makeFolder(folder.resolve(TOWER_FOLDER));
        List<LazyTensor> vision = filter(tensors, CheckpointWriter::isVisionTower).stream()
                .map(tensor -> tensor.withName(tensor.name().substring(Llava.TOWER_PREFIX.length())))
                .toList();
        options.writeWeights(tower, vision);
        FolderFiles.writePreprocessor(origin, tower);
        writeTowerConfig(origin, tower.resolve(FolderFiles.CONFIG), options);
    }

    /** Writes the projector alone, as float32. */
    static void writeProjector(Path folder, Collection<LazyTensor> tensors, LlavaConfig config) {
        SafetensorsWriter.write(
                folder.resolve(CheckpointWriter.PROJECTOR_FILE),
                filter(tensors, CheckpointWriter.stage1Weights(config.imageStartEndTokens() != null)).stream()
                        .map(tensor -> tensor.withType(TensorType.F32))
                        .toList());
    }

    private static List<LazyTensor> filter(Collection<LazyTensor> tensors, Predicate<String> selected) {
        return tensors.stream().filter(tensor -> selected.test(tensor.name())).toList();
    }

    /** The origin's config, updated to the model. */
    static ObjectNode config(Path folder, Origin origin, String torchType) {
        LlavaConfig config = origin.config();
        ObjectNode json = flatConfig(origin);
        json.put("model_type", "llava_llama");
        json.putArray("architectures").add("LlavaLlamaForCausalLM");
        // The name of versions 4, which all versions read; the newer one would win with the origin's value.
        json.remove("dtype");
        json.put("torch_dtype", torchType);
        config.writeTo(json, TOWER_FOLDER);
        VocabularyGrowth growth = origin.growth();
        if (growth != null) {
            json.put("vocab_size", growth.vocabSize());
            json.put("mm_use_im_patch_token", growth.tokenizer().addedId(ImageStartEndTokens.PATCH) != null);
        }
        if (!json.hasNonNull("mm_use_im_patch_token")) {
            json.put("mm_use_im_patch_token", false);
        }
        ChatFormat chat = origin.chat();
        if (chat != null) {
            chat.writeTo(folder, json);
        }
        return json;
    }

    /**
     * The origin's config in LLaVA's flat format. The decoder's values that it omits are added, since the defaults of
     * the origin's {@code model_type} may differ from those of the written one.
     */
    private static ObjectNode flatConfig(Origin origin) {
        ObjectNode original = ConfigFile.read(origin.folder());
        ObjectNode json = original;
        if (LlavaHfConfig.isIn(origin.folder())) {
            json = JsonNodeFactory.instance.objectNode();
            if (original.get("text_config") instanceof ObjectNode nested) {
                json.setAll(nested.deepCopy().retain(FolderFiles.DECODER_KEYS));
            }
        }
        ObjectNode decoder = JsonNodeFactory.instance.objectNode();
        origin.config().decoder().writeTo(decoder);
        for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
            json.putIfAbsent(entry.getKey(), entry.getValue());
        }
        return json;
    }

    private static void writeTowerConfig(Origin origin, Path file, WriteOptions options) {
        if (LlavaConfig.isLlava(origin.visionTower()) || ConfigFile.isMmproj(origin.visionTower())) {
            // A tower inside the LLaVA folder, or in a GGUF file, has no separate config.
            ObjectNode vision = JsonNodeFactory.instance.objectNode();
            origin.config().vision().writeTo(vision);
            options.writeTo(vision);
            FolderFiles.writeJson(file, vision);
            return;
        }
        Path original = origin.visionTower().resolve(FolderFiles.CONFIG);
        ObjectNode config = (ObjectNode) JsonInput.readBoundedObject(original);
        if (options.quantization() == null && !config.has(FolderFiles.QUANTIZATION)) {
            FolderFiles.copy(original, file);
        } else {
            options.writeTo(config);
            FolderFiles.writeJson(file, config);
        }
    }
}
