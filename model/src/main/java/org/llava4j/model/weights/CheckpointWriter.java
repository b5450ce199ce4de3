package org.llava4j.model.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes a model as a Hugging Face folder in LLaVA's own layout, complete in itself:
 *
 * <pre>
 * config.json               the origin's, with the keys that say what this model is
 * model.safetensors         decoder and projector
 * mm_projector.safetensors  the projector alone, as stage 1's result is handed on (with the embedding table, where
 *                           the model has tokens around an image)
 * tokenizer.model, ...      the origin's
 * vision_tower/             a CLIP folder: the frozen tower as it was read
 * </pre>
 *
 * <p>{@link Checkpoint#llava} reads it back. The same model gives the same bytes.
 */
public final class CheckpointWriter {
    /** How {@link AtomicFolder} knows a former output of this class. */
    public static final String KIND = "model";

    public static final String PROJECTOR_FILE = "mm_projector.safetensors";
    private static final String TOWER_FOLDER = "vision_tower";
    private static final String WEIGHTS_FILE = "model.safetensors";
    private static final String CONFIG_FILE = "config.json";

    private static final List<String> COPIED = List.of(
            "tokenizer.model",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "generation_config.json");
    private static final List<String> COPIED_OF_TOWER = List.of("preprocessor_config.json");

    /** Keys of a nested decoder's config that stand for themselves in ours. */
    private static final List<String> KEPT_OF_NESTED =
            List.of("max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id");

    private static final ObjectMapper JSON = new ObjectMapper();

    private CheckpointWriter() {}

    /**
     * Where a model came from and what it is now.
     *
     * @param folder the LLaVA or LLaMA folder it was read from; its config and tokenizer go with it
     * @param visionTower the tower's folder it was read with
     * @param config what the model is
     * @param chat how it was taught to converse
     */
    public record Origin(Path folder, Path visionTower, LlavaConfig config, ChatFormat chat) {}

    /**
     * Writes a whole folder, which appears at once or not at all.
     *
     * @param type of the weights in the file: F32, or F16 or BF16 at half the size, rounded to nearest even; frozen
     *     weights that the model keeps in 16 bits are written with the values that they have there
     * @throws BadInputException if the place cannot be written, or holds something that is no former output
     */
    public static void write(Path output, Llava model, Origin origin, TensorType type) {
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND)) {
            writeInto(folder.path(), model, origin, type);
            folder.commit();
        }
    }

    /** Writes all files into a folder that is there; for a caller who adds files of his own before he commits. */
    public static void writeInto(Path folder, Llava model, Origin origin, TensorType type) {
        Map<String, INDArray> weights = model.fileWeights();
        SafetensorsWriter.write(folder.resolve(WEIGHTS_FILE), only(weights, CheckpointWriter::isLlavas), name -> type);
        SafetensorsWriter.write(folder.resolve(PROJECTOR_FILE), only(weights, handedOn(model)), name -> TensorType.F32);
        writeConfig(folder, origin, type);
        copyThoseThere(COPIED, origin.folder(), folder);
        Path tower = folder.resolve(TOWER_FOLDER);
        try (TowerWeights own = TowerWeights.open(origin.folder(), origin.visionTower())) {
            own.writeTo(tower.resolve(WEIGHTS_FILE));
        }
        copyThoseThere(COPIED_OF_TOWER, origin.visionTower(), tower);
        if (LlavaConfig.isLlava(origin.visionTower())) {
            // The tower lay among LLaVA's own weights and had no config of its own.
            ObjectNode vision = JSON.createObjectNode();
            origin.config().vision().writeTo(vision);
            writeJson(tower.resolve(CONFIG_FILE), vision);
        } else {
            copyThoseThere(List.of(CONFIG_FILE), origin.visionTower(), tower);
        }
    }

    /**
     * Writes the projector alone, as float32, with the embedding table of a model that has tokens around an image, as
     * published: stage 1 trains their rows too. {@link Checkpoint#withProjector} reads it.
     */
    public static void writeProjector(Path file, Llava model) {
        SafetensorsWriter.write(file, only(model.fileWeights(), handedOn(model)), name -> TensorType.F32);
    }

    private static Predicate<String> handedOn(Llava model) {
        boolean slot = model.weightNames().contains(SlotRows.NAME);
        return name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX) || (slot && name.equals(SlotRows.TABLE));
    }

    /** Whether a variable is the model's: the tower goes into its own folder, and a head of one's own is no part. */
    private static boolean isLlavas(String name) {
        return (name.startsWith("model.") || name.startsWith("lm_head.")) && !name.startsWith(Llava.TOWER_PREFIX);
    }

    private static Map<String, INDArray> only(Map<String, INDArray> weights, Predicate<String> wanted) {
        Map<String, INDArray> some = new LinkedHashMap<>(weights);
        some.keySet().removeIf(wanted.negate());
        return some;
    }

    private static void writeConfig(Path folder, Origin origin, TensorType type) {
        LlavaConfig config = origin.config();
        ObjectNode json = flat((ObjectNode) JsonInput.readObject(origin.folder().resolve(CONFIG_FILE)), config);
        json.put("model_type", "llava_llama");
        json.putArray("architectures").add("LlavaLlamaForCausalLM");
        json.put("torch_dtype", torchName(type));
        json.put("mm_vision_tower", TOWER_FOLDER);
        json.put("mm_hidden_size", config.vision().hiddenSize());
        json.put("mm_projector_type", config.projector().name().toLowerCase(Locale.ROOT));
        json.put("mm_vision_select_layer", config.selectLayer());
        json.put("mm_vision_select_feature", config.selectFeature() == SelectFeature.PATCH ? "patch" : "cls_patch");
        json.put("mm_use_im_start_end", config.imageSlot().isPresent());
        if (!json.hasNonNull("mm_use_im_patch_token")) {
            json.put("mm_use_im_patch_token", false);
        }
        json.put("use_mm_proj", true);
        json.put("image_aspect_ratio", config.padToSquare() ? "pad" : "square");
        json.put("tokenizer_model_max_length", config.maxLength());
        json.put("tokenizer_padding_side", config.padLeft() ? "left" : "right");
        origin.chat().writeTo(folder, json);
        writeJson(folder.resolve(CONFIG_FILE), json);
    }

    /** The config of an origin in LLaVA's own form, where the decoder's values are not nested. */
    private static ObjectNode flat(ObjectNode origin, LlavaConfig config) {
        if (!(origin.get("text_config") instanceof ObjectNode nested)) {
            return origin;
        }
        ObjectNode flat = JSON.createObjectNode();
        config.decoder().writeTo(flat);
        flat.setAll(nested.deepCopy().retain(KEPT_OF_NESTED));
        return flat;
    }

    private static String torchName(TensorType type) {
        return switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new IllegalArgumentException("weights are written as F32, F16 or BF16, not " + type);
        };
    }

    private static void writeJson(Path file, ObjectNode json) {
        try {
            AtomicFile.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON nodes is always JSON", e);
        }
    }

    private static void copyThoseThere(List<String> names, Path from, Path to) {
        for (String name : names) {
            Path file = from.resolve(name);
            if (!Files.isRegularFile(file)) {
                continue;
            }
            try {
                Files.createDirectories(to);
                Files.copy(file, to.resolve(name));
            } catch (IOException e) {
                throw new BadInputException("cannot copy " + file + " to " + to + " (" + e.getMessage() + ")", e);
            }
        }
    }
}
