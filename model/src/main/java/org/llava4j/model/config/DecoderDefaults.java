package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Default values of transformers for missing keys of a decoder config. */
enum DecoderDefaults {
    LLAMA(11008, 2048),
    MISTRAL(14336, 131072);

    private final int intermediateSize;
    private final int maxPositions;

    DecoderDefaults(int intermediateSize, int maxPositions) {
        this.intermediateSize = intermediateSize;
        this.maxPositions = maxPositions;
    }

    /** The defaults of a config's {@code model_type}; LLaMA's if it is absent. */
    static DecoderDefaults of(ConfigJson json) {
        return json.text("model_type", "llama").endsWith("mistral") ? MISTRAL : LLAMA;
    }

    /** The config with defaults for missing keys. */
    static ConfigJson withDefaults(ConfigJson json) {
        return json.withDefaults(of(json).keys());
    }

    private ObjectNode keys() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("vocab_size", 32000);
        json.put("hidden_size", 4096);
        json.put("num_hidden_layers", 32);
        json.put("num_attention_heads", 32);
        json.put("intermediate_size", intermediateSize);
        json.put("rms_norm_eps", 1e-6);
        json.put("max_position_embeddings", maxPositions);
        if (this == MISTRAL) {
            json.put("num_key_value_heads", 8);
            json.put("sliding_window", 4096);
        }
        return json;
    }
}
