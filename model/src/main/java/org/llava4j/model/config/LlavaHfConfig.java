package org.llava4j.model.config;

import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/**
 * The {@code config.json} of transformers' own LLaVA: tower and decoder nested, keys left out where they have the
 * values of LLaMA 7B. Pictures are not padded to squares there, and the projector always has two layers.
 */
final class LlavaHfConfig {
    private static final int MAX_LENGTH = 2048;

    private LlavaHfConfig() {}

    /** A full CLIP nests its parts alike, but says nothing of an image's place among words. */
    static boolean is(ConfigJson json) {
        return json.has("text_config") && json.has("vision_config") && json.has("image_token_index");
    }

    static LlavaConfig of(ConfigJson json) {
        String act = json.text("projector_hidden_act", "gelu");
        if (!act.equals("gelu")) {
            throw json.bad("projector_hidden_act", "must be gelu, is " + act);
        }
        ConfigJson text = json.child("text_config");
        return new LlavaConfig(
                ClipConfig.of(json.child("vision_config")),
                LlamaConfig.of(text, LlamaConfig.SEVEN_B),
                ProjectorType.MLP2X_GELU,
                json.integer("vision_feature_layer", -2),
                feature(json),
                text.integer("max_position_embeddings", MAX_LENGTH),
                false,
                false);
    }

    private static SelectFeature feature(ConfigJson json) {
        String strategy = json.text("vision_feature_select_strategy", "default");
        return switch (strategy) {
            case "default" -> SelectFeature.PATCH;
            case "full" -> SelectFeature.CLS_PATCH;
            default -> throw json.bad("vision_feature_select_strategy", "must be default or full, is " + strategy);
        };
    }
}
