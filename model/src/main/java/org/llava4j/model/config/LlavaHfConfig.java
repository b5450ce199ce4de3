package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/**
 * The {@code config.json} of transformers' own LLaVA: tower and decoder nested, keys left out where they have the
 * values of LLaMA 7B. The projector always has two layers. That pictures are padded to squares, and how long a sequence
 * may be, has no place there: folders that we write say it under LLaVA's own keys.
 */
public final class LlavaHfConfig {
    private static final int MAX_LENGTH = 2048;
    private static final String MAX_LENGTH_KEY = "tokenizer_model_max_length";
    private static final String PADDING_SIDE_KEY = "tokenizer_padding_side";
    private static final String ASPECT_RATIO_KEY = "image_aspect_ratio";

    /** What transformers takes for keys of the decoder that are left out: LLaMA 7B. */
    private static final LlamaConfig SEVEN_B = new LlamaConfig(32000, 4096, 32, 32, 32, 11008, 1e-6, 10000, 1, false);

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
        ConfigJson text = decoder(json);
        return new LlavaConfig(
                ClipConfig.of(json.child("vision_config")),
                LlamaConfig.of(text),
                ProjectorType.MLP2X_GELU,
                json.integer("vision_feature_layer", -2),
                feature(json),
                json.integer(MAX_LENGTH_KEY, text.integer("max_position_embeddings", MAX_LENGTH)),
                json.text(PADDING_SIDE_KEY, "right").equals("left"),
                json.text(ASPECT_RATIO_KEY, "square").equals("pad"));
    }

    /** Puts what transformers has no key for into a config, under LLaVA's own. */
    public static void writeOwnKeys(LlavaConfig config, ObjectNode json) {
        json.put(ASPECT_RATIO_KEY, config.padToSquare() ? "pad" : "square");
        json.put(MAX_LENGTH_KEY, config.maxLength());
        json.put(PADDING_SIDE_KEY, config.padLeft() ? "left" : "right");
    }

    private static ConfigJson decoder(ConfigJson json) {
        ConfigJson text = json.child("text_config");
        ObjectNode absent = JsonNodeFactory.instance.objectNode();
        SEVEN_B.writeTo(absent);
        if (text.has("num_attention_heads")) {
            // As many key/value heads as heads, unless it says otherwise.
            absent.remove("num_key_value_heads");
        }
        return text.withDefaults(absent);
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
