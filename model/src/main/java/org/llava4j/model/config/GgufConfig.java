package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.data.gguf.GgufTensor;
import org.llava4j.data.tokenizer.GgufTokenizerWriter;

/**
 * The configuration in the metadata of a GGUF file, in the keys of {@code config.json}. Keys of the file that change the
 * computation in a way that is not supported are rejected by name; unknown ones are reported like those of a
 * {@code config.json}.
 */
final class GgufConfig {
    static final String ARCHITECTURE = "general.architecture";
    static final String DECODER = "llama";
    static final String TOWER = "clip";

    static final String LLAMA = "llama.";
    static final String VISION = "clip.vision.";
    static final String HEADS = LLAMA + "attention.head_count";
    static final String VOCABULARY = LLAMA + "vocab_size";
    static final String CONTEXT = LLAMA + "context_length";
    static final String SCALING = LLAMA + "rope.scaling.type";
    private static final String WINDOW = LLAMA + "attention.sliding_window";
    private static final String CHAT_TEMPLATE = GgufTokenizerWriter.CHAT_TEMPLATE;
    static final String END_OF_TURN = "tokenizer.ggml.eot_token_id";
    static final String FEATURE_LAYER = VISION + "feature_layer";
    private static final String PINPOINTS = VISION + "image_grid_pinpoints";
    private static final String MERGE_TYPE = VISION + "mm_patch_merge_type";
    static final String PROJECTOR = "clip.projector_type";

    /** Keys of the decoder that are read, or have no effect. */
    private static final Set<String> LLAMA_KEYS = Set.of(
            "vocab_size",
            "context_length",
            "embedding_length",
            "block_count",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.layer_norm_rms_epsilon",
            "attention.key_length",
            "attention.value_length",
            "attention.sliding_window",
            "rope.dimension_count",
            "rope.freq_base",
            "rope.scale_linear",
            "rope.scaling.type",
            "rope.scaling.factor",
            "rope.scaling.original_context_length",
            "rope.scaling.finetuned",
            "expert_count",
            "expert_used_count",
            "tensor_data_layout");

    /** Keys of the tower and the projector that are read, or have no effect. */
    private static final Set<String> CLIP_KEYS = Set.of(
            "has_text_encoder",
            "has_vision_encoder",
            "has_llava_projector",
            "projector_type",
            "use_gelu",
            "use_silu",
            "vision.image_size",
            "vision.patch_size",
            "vision.embedding_length",
            "vision.feed_forward_length",
            "vision.block_count",
            "vision.projection_dim",
            "vision.attention.head_count",
            "vision.attention.layer_norm_epsilon",
            "vision.image_mean",
            "vision.image_std",
            "vision.feature_layer",
            "vision.image_aspect_ratio",
            "vision.image_grid_pinpoints",
            "vision.image_crop_resolution",
            "vision.image_split_resolution",
            "vision.mm_patch_merge_type",
            "vision.mm_projector_type");

    /** The message of a key that must be zero or absent. */
    private static final String UNSUPPORTED = "LLaVA4J does not support it; use a model without it";

    private final GgufHeader header;
    private final GgufMetadata metadata;

    private GgufConfig(GgufHeader header) {
        this.header = header;
        metadata = header.metadata();
    }

    /**
     * The configuration of a decoder or a vision tower.
     *
     * @throws BadInputException if the file is another model, or its configuration is not supported
     */
    static ObjectNode json(Path file) {
        GgufConfig config = new GgufConfig(GgufHeader.read(file));
        String architecture = config.metadata.text(ARCHITECTURE);
        return switch (architecture) {
            case DECODER -> config.decoder();
            case TOWER -> config.tower();
            default ->
                throw config.metadata.error(
                        ARCHITECTURE,
                        "is \"" + architecture + "\"; supported are \"" + DECODER + "\" and, as --mmproj, \"" + TOWER
                                + "\"");
        };
    }

    /** The keys of a file about its model that are neither read nor known to have no effect. */
    static List<String> unknownKeys(Path file) {
        return GgufHeader.read(file).metadata().keys().stream()
                .filter(key -> isUnknown(key, LLAMA, LLAMA_KEYS) || isUnknown(key, TOWER + ".", CLIP_KEYS))
                .toList();
    }

    private static boolean isUnknown(String key, String prefix, Set<String> known) {
        return key.startsWith(prefix) && !known.contains(key.substring(prefix.length()));
    }

    /** Whether a path is a GGUF file of a vision tower. */
    static boolean isTower(Path path) {
        return GgufHeader.isGguf(path)
                && GgufHeader.read(path).metadata().text(ARCHITECTURE, "").equals(TOWER);
    }

    /**
     * Whether a decoder is a GGUF file.
     *
     * @throws BadInputException if it is, and the tower is not the GGUF file of one
     */
    static boolean isPair(Path decoder, Path tower) {
        boolean isGguf = GgufHeader.isGguf(decoder);
        if (isGguf && !isTower(tower)) {
            throw new BadInputException(tower + " is not the GGUF file of a vision tower (" + ARCHITECTURE + " " + TOWER
                    + "); give the mmproj file that belongs to " + decoder);
        }
        return isGguf;
    }

    private ObjectNode decoder() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", "llama");
        int width = metadata.integer(LLAMA + "embedding_length");
        int heads = metadata.integer(HEADS);
        json.put("vocab_size", vocabulary());
        json.put("hidden_size", width);
        json.put("num_hidden_layers", metadata.integer(LLAMA + "block_count"));
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", metadata.integer(LLAMA + "attention.head_count_kv", heads));
        json.put("intermediate_size", metadata.integer(LLAMA + "feed_forward_length"));
        json.put("rms_norm_eps", shortest(metadata.decimal(LLAMA + "attention.layer_norm_rms_epsilon")));
        json.put("rope_theta", metadata.decimal(LLAMA + "rope.freq_base", 10000));
        double scale = ropeScale();
        if (scale != 1) {
            json.putObject("rope_scaling").put("type", "linear").put("factor", scale);
        }
        int context = metadata.integer(CONTEXT);
        json.put("max_position_embeddings", context);
        json.put("tokenizer_model_max_length", context);
        if (metadata.integer(WINDOW, 0) > 0) {
            json.put("sliding_window", metadata.integer(WINDOW));
        }
        json.put("tie_word_embeddings", !hasTensor("output.weight"));
        putIds(json);
        if (isV1(metadata.text(CHAT_TEMPLATE, ""))) {
            json.put(ChatFormat.CONV_MODE, "v1");
        }
        if (heads > 0) {
            requireHeadDim(width / heads);
        }
        requireZero(LLAMA + "expert_count");
        requireZero(LLAMA + "expert_used_count");
        return json;
    }

    /** The rows of the token embeddings if the file has any tensors; early converters wrote no key. */
    private int vocabulary() {
        for (GgufTensor tensor : header.tensors()) {
            long rows = tensor.shape()[0];
            if (tensor.name().equals("token_embd.weight") && rows <= SizeLimits.VOCABULARY) {
                int declared = metadata.integer(VOCABULARY, (int) rows);
                if (declared != rows) {
                    throw metadata.error(VOCABULARY, "is " + declared + " but token_embd.weight has " + rows + " rows");
                }
                return declared;
            }
        }
        return metadata.integer(VOCABULARY);
    }

    private boolean hasTensor(String name) {
        return header.tensors().stream().anyMatch(tensor -> tensor.name().equals(name));
    }

    /** The shortest decimal of a number that was stored as float32: 1e-5 instead of 9.999999747378752e-6. */
    private static double shortest(double value) {
        return (float) value == value ? Double.parseDouble(Float.toString((float) value)) : value;
    }

    private double ropeScale() {
        String type = metadata.text(SCALING, "linear");
        double factor = metadata.has(LLAMA + "rope.scaling.factor")
                ? metadata.decimal(LLAMA + "rope.scaling.factor")
                : metadata.decimal(LLAMA + "rope.scale_linear", 1);
        return switch (type) {
            case "none" -> 1;
            case "linear" -> factor;
            default -> throw metadata.error(SCALING, "is \"" + type + "\"; supported are \"none\" and \"linear\"");
        };
    }

    private void putIds(ObjectNode json) {
        for (String token : List.of("bos", "eos")) {
            String key = "tokenizer.ggml." + token + "_token_id";
            if (metadata.has(key)) {
                json.put(token + "_token_id", metadata.integer(key));
            }
        }
        if (metadata.has(END_OF_TURN)) {
            String ends = "eos_token_id";
            int end = json.path(ends).asInt(metadata.integer(END_OF_TURN));
            json.putArray(ends).add(end).add(metadata.integer(END_OF_TURN));
        }
    }

    /**
     * Whether prompts have the format of LLaVA's template v1: a file without a template, since the converters of LLaVA's weights
     * write none, or a template with the names of its roles.
     */
    static boolean isV1(String template) {
        return template.isEmpty() || (template.contains("USER:") && template.contains("ASSISTANT:"));
    }

    private void requireHeadDim(int headDim) {
        for (String key : List.of("rope.dimension_count", "attention.key_length", "attention.value_length")) {
            int found = metadata.integer(LLAMA + key, headDim);
            if (found != headDim) {
                throw metadata.error(
                        LLAMA + key,
                        "is " + found + " but a head has " + headDim + " dimensions (embedding_length / head_count);"
                                + " use a model where both are the same");
            }
        }
    }

    private void requireZero(String key) {
        if (metadata.integer(key, 0) != 0) {
            throw metadata.error(key, "is " + metadata.integer(key) + "; " + UNSUPPORTED);
        }
    }

    private ObjectNode tower() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", "clip_vision_model");
        json.put("hidden_size", metadata.integer(VISION + "embedding_length"));
        json.put("num_hidden_layers", metadata.integer(VISION + "block_count"));
        json.put("num_attention_heads", metadata.integer(VISION + "attention.head_count"));
        json.put("intermediate_size", metadata.integer(VISION + "feed_forward_length"));
        json.put("image_size", metadata.integer(VISION + "image_size"));
        json.put("patch_size", metadata.integer(VISION + "patch_size"));
        json.put("layer_norm_eps", shortest(metadata.decimal(VISION + "attention.layer_norm_epsilon")));
        json.put("hidden_act", activation());
        requireLlavaProjector();
        return json;
    }

    private String activation() {
        if (metadata.bool("clip.use_silu", false)) {
            return "silu";
        }
        return metadata.bool("clip.use_gelu", false) ? "gelu" : "quick_gelu";
    }

    private void requireLlavaProjector() {
        String type = metadata.text(PROJECTOR, "mlp");
        if (!type.equals("mlp")) {
            throw metadata.error(
                    PROJECTOR, "is \"" + type + "\"; supported is \"mlp\", LLaVA's one or two linear layers");
        }
        if (metadata.has(PINPOINTS) && !metadata.integers(PINPOINTS).isEmpty()) {
            throw metadata.error(PINPOINTS, "splits images, as LLaVA-1.6 does; " + UNSUPPORTED);
        }
        if (!metadata.text(MERGE_TYPE, "flat").equals("flat")) {
            throw metadata.error(MERGE_TYPE, "is \"" + metadata.text(MERGE_TYPE) + "\"; supported is \"flat\"");
        }
    }

    /**
     * LLaVA's keys of the projector in the file of a vision tower.
     *
     * @param mmproj a file for which {@link #isTower} holds
     */
    static ObjectNode projector(Path mmproj) {
        GgufConfig config = new GgufConfig(GgufHeader.read(mmproj));
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("mm_projector_type", config.hasTensor("mm.2.weight") ? "mlp2x_gelu" : "linear");
        json.put("mm_vision_select_layer", config.featureLayer());
        json.put("mm_vision_select_feature", "patch");
        json.put("image_aspect_ratio", config.metadata.text(VISION + "image_aspect_ratio", "pad"));
        return json;
    }

    /**
     * The hidden state that is the image features. Converters leave out the layers behind it, and the norm after the last layer.
     * A file with that norm has the whole tower, of which LLaVA reads the second to last state.
     */
    private int featureLayer() {
        if (!metadata.has(FEATURE_LAYER)) {
            return hasTensor("v.post_ln.weight") ? -2 : -1;
        }
        List<Long> layers = metadata.integers(FEATURE_LAYER);
        int last = metadata.integer(VISION + "block_count");
        if (layers.size() != 1 || layers.get(0) < 0 || layers.get(0) > last) {
            throw metadata.error(FEATURE_LAYER, "is " + layers + "; supported is one layer, from 0 to " + last);
        }
        return layers.get(0).intValue();
    }
}
