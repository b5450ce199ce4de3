package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/**
 * Reader of llava-hf configs, the {@code config.json} of LLaVA in transformers: tower and decoder are nested, and
 * missing keys have the default values of transformers. The projector always has two layers. The format has no keys for
 * image padding and context length; LLaVA4J writes LLaVA's own keys for them.
 */
public final class LlavaHfConfig {
    private static final int MAX_LENGTH = 2048;
    private static final String MAX_LENGTH_KEY = "tokenizer_model_max_length";
    private static final String PADDING_SIDE_KEY = "tokenizer_padding_side";
    private static final String ASPECT_RATIO_KEY = "image_aspect_ratio";
    private static final String STRATEGY_KEY = "vision_feature_select_strategy";
    private static final String TIE_KEY = "tie_word_embeddings";

    /** Default of transformers if {@code vision_config} is absent: CLIP ViT-L/14 at 336 pixels. */
    private static final ClipConfig ABSENT_TOWER = new ClipConfig(1024, 24, 16, 4096, 336, 14, 1e-5);

    private LlavaHfConfig() {}

    /**
     * Whether a config is llava-hf. A full CLIP also nests its configs, but has another {@code model_type} and no image
     * token.
     */
    static boolean isLlavaHf(ConfigJson json) {
        boolean hasImageToken = json.has("image_token_index") || json.has("image_token_id");
        boolean hasNestedConfig = json.has("text_config") || json.has("vision_config");
        boolean isLlavaType = json.text("model_type", "llava").equals("llava");
        return isLlavaType
                && !json.has("mm_vision_tower")
                && (hasNestedConfig || hasImageToken)
                && (hasImageToken || json.has("model_type"));
    }

    /** Whether a folder is a LLaVA in llava-hf layout. */
    public static boolean isIn(Path folder) {
        return isLlavaHf(ConfigJson.read(folder));
    }

    /**
     * @param folder the model folder, whose {@code preprocessor_config.json} decides about image padding if the config
     *     does not
     */
    static LlavaConfig of(ConfigJson json, Path folder) {
        json.check(ModelKeys.LLAVA_HF);
        requireOneImageToken(json);
        ConfigJson text = decoder(json);
        LlavaConfig config = new LlavaConfig(
                json.has("vision_config") ? ClipConfig.ofTower(json.child("vision_config")) : ABSENT_TOWER,
                LlamaConfig.of(text),
                ProjectorType.MLP2X_GELU,
                json.integer("vision_feature_layer", -2),
                feature(json),
                json.size(
                        MAX_LENGTH_KEY,
                        SizeLimits.CONTEXT_LENGTH,
                        text.size("max_position_embeddings", SizeLimits.CONTEXT_LENGTH, MAX_LENGTH)),
                json.choice(PADDING_SIDE_KEY, "right", LlavaConfig::padsLeft),
                json.has(ASPECT_RATIO_KEY)
                        ? json.choice(ASPECT_RATIO_KEY, "", AspectRatio::fromName) == AspectRatio.PAD
                        : pads(folder),
                null);
        LlavaConfig.requireSamePadding(folder, json, config.padToSquare());
        config.vision().requirePreprocessing(folder, json.text(STRATEGY_KEY, "default"));
        json.reportUnknown();
        return config;
    }

    static boolean pads(Path folder) {
        return ClipPreprocessing.isIn(folder) && ClipPreprocessing.read(folder).aspectRatio() == AspectRatio.PAD;
    }

    /** The two names of the image token's id must agree. The id is not used, because images are found by their text. */
    private static void requireOneImageToken(ConfigJson json) {
        if (json.has("image_token_id")
                && json.has("image_token_index")
                && json.integer("image_token_id") != json.integer("image_token_index")) {
            throw json.error(
                    "image_token_id",
                    "is " + json.integer("image_token_id") + " but \"image_token_index\" is "
                            + json.integer("image_token_index") + "; both are the same token's id, remove one");
        }
    }

    /** Writes options that transformers has no keys for, under LLaVA's keys. */
    public static void writeOwnKeys(LlavaConfig config, ObjectNode json) {
        json.put(ASPECT_RATIO_KEY, config.padToSquare() ? "pad" : "square");
        json.put(MAX_LENGTH_KEY, config.maxLength());
        json.put(PADDING_SIDE_KEY, config.padLeft() ? "left" : "right");
    }

    private static ConfigJson decoder(ConfigJson json) {
        ConfigJson text = json.childOrEmpty("text_config");
        ModelFamily.requireSupported(text, ModelFamily.DECODERS, "decoder", "use a LLaVA with a LLaMA or Mistral");
        text.check(ModelKeys.DECODER);
        ConfigJson decoder = DecoderDefaults.withDefaults(text);
        // As in transformers 5, either of the two keys ties the head.
        return json.bool(TIE_KEY, false) ? decoder.with(TIE_KEY, true) : decoder;
    }

    private static SelectFeature feature(ConfigJson json) {
        String strategy = json.text(STRATEGY_KEY, "default");
        return switch (strategy) {
            case "default" -> SelectFeature.PATCH;
            case "full" -> SelectFeature.CLS_PATCH;
            default -> throw json.error(STRATEGY_KEY, "must be default or full, is " + strategy);
        };
    }
}
