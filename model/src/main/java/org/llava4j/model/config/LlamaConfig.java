package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/**
 * Configuration of a LLaMA decoder, from {@code config.json}.
 *
 * @param vocabSize V
 * @param hiddenSize D
 * @param layers number of decoder layers
 * @param heads H, query heads
 * @param kvHeads G, key/value heads; a divisor of H
 * @param intermediateSize width of the SwiGLU MLP
 * @param rmsNormEps epsilon of every RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScale divisor of positions (linear {@code rope_scaling}); 1 for none
 * @param tiedEmbeddings whether the LM head is the token embedding table
 */
public record LlamaConfig(
        int vocabSize,
        int hiddenSize,
        int layers,
        int heads,
        int kvHeads,
        int intermediateSize,
        double rmsNormEps,
        double ropeTheta,
        double ropeScale,
        boolean tiedEmbeddings) {

    /** Reads a decoder's folder or {@code config.json}; for a LLaVA in llava-hf layout, its {@code text_config}. */
    public static LlamaConfig read(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        if (LlavaHfConfig.isLlavaHf(json)) {
            return LlavaHfConfig.of(json, folder).decoder();
        }
        LlamaConfig config = ofFlat(json);
        json.reportUnknown();
        return config;
    }

    /**
     * Reads a decoder whose keys are at the top level, as in a LLaMA or original LLaVA config. Missing keys have the
     * defaults of transformers if the config has a {@code model_type}.
     */
    static LlamaConfig ofFlat(ConfigJson json) {
        ModelFamily.requireSupported(json, ModelFamily.FLAT_DECODERS, "model", "give a LLaMA, Mistral or LLaVA folder");
        json.check(ModelKeys.LLAVA);
        return of(json.has("model_type") ? DecoderDefaults.withDefaults(json) : json);
    }

    /** Reads a decoder whose keys have been checked and completed with defaults. */
    static LlamaConfig of(ConfigJson json) {
        int heads = json.size("num_attention_heads", SizeLimits.HIDDEN_SIZE);
        RopeConfig rope = RopeConfig.of(json);
        LlamaConfig config = new LlamaConfig(
                json.size("vocab_size", SizeLimits.VOCABULARY),
                json.size("hidden_size", SizeLimits.HIDDEN_SIZE),
                json.size("num_hidden_layers", SizeLimits.LAYERS),
                heads,
                json.positive("num_key_value_heads", heads),
                json.size("intermediate_size", SizeLimits.INTERMEDIATE_SIZE),
                json.epsilon("rms_norm_eps"),
                rope.theta(),
                rope.scale(),
                json.bool("tie_word_embeddings", false));
        if (config.hiddenSize % (2 * heads) != 0) {
            throw json.error(
                    "num_attention_heads",
                    "must divide hidden_size " + config.hiddenSize + " into head dimensions that are even");
        }
        if (heads % config.kvHeads != 0) {
            throw json.error("num_key_value_heads", "must divide num_attention_heads " + heads);
        }
        if (json.integer("head_dim", config.headDim()) != config.headDim()) {
            throw json.error(
                    "head_dim",
                    "is " + json.integer("head_dim") + " but must be hidden_size / num_attention_heads, "
                            + config.headDim() + "; use a model with such heads");
        }
        SizeLimits.requireParameters(json, config.parameters());
        requireFullAttention(json);
        return config;
    }

    /** Rejects a sliding window shorter than the context length; a longer one has no effect. */
    private static void requireFullAttention(ConfigJson json) {
        if (!json.has("sliding_window")) {
            return;
        }
        int window = json.integer("sliding_window");
        int longest = json.integer("max_position_embeddings", Integer.MAX_VALUE);
        if (window < longest) {
            throw json.error(
                    "sliding_window",
                    "is " + window + " but the context length is " + longest + " tokens (\"max_position_embeddings\");"
                            + " LLaVA4J does not support sliding-window attention: set \"max_position_embeddings\" to"
                            + " " + window + " if that is long enough, or use another model");
        }
    }

    /** Writes the keys that {@link #read} reads. */
    public void writeTo(ObjectNode json) {
        json.put("vocab_size", vocabSize);
        json.put("hidden_size", hiddenSize);
        json.put("intermediate_size", intermediateSize);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", kvHeads);
        json.put("hidden_act", "silu");
        json.put("rms_norm_eps", rmsNormEps);
        json.put("rope_theta", ropeTheta);
        if (ropeScale != 1) {
            json.putObject("rope_scaling").put("type", "linear").put("factor", ropeScale);
        }
        json.put("tie_word_embeddings", tiedEmbeddings);
    }

    /** Number of weights, without norms; a key or value projection counts as a full one. */
    private long parameters() {
        long perLayer = 4L * hiddenSize * hiddenSize + 3L * hiddenSize * intermediateSize;
        return layers * perLayer + 2L * vocabSize * hiddenSize;
    }

    public int headDim() {
        return hiddenSize / heads;
    }
}
