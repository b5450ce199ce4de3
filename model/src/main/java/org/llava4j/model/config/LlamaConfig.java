package org.llava4j.model.config;

import java.nio.file.Path;

/**
 * A LLaMA decoder as its {@code config.json} gives it.
 *
 * @param vocabSize V
 * @param hiddenSize D
 * @param layers number of decoder layers
 * @param heads H, query heads
 * @param kvHeads G, key/value heads; a divisor of H
 * @param intermediateSize width of the SwiGLU MLP
 * @param rmsNormEps epsilon of every RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScale positions are divided by it (rope_scaling of type linear); 1 for none
 * @param tiedEmbeddings whether the head is the embedding table
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

    /** Reads a decoder's folder or {@code config.json}. */
    public static LlamaConfig read(Path folder) {
        return of(ConfigJson.read(folder));
    }

    static LlamaConfig of(ConfigJson json) {
        int heads = json.positive("num_attention_heads");
        String act = json.text("hidden_act", "silu");
        if (!act.equals("silu")) {
            throw json.bad("hidden_act", "must be silu as in LLaMA, is " + act);
        }
        if (json.bool("attention_bias", false)) {
            throw json.bad("attention_bias", "must be false: LLaMA's projections have no bias");
        }
        LlamaConfig config = new LlamaConfig(
                json.positive("vocab_size"),
                json.positive("hidden_size"),
                json.positive("num_hidden_layers"),
                heads,
                json.has("num_key_value_heads") ? json.positive("num_key_value_heads") : heads,
                json.positive("intermediate_size"),
                json.real("rms_norm_eps"),
                json.real("rope_theta", 10000.0),
                ropeScale(json),
                json.bool("tie_word_embeddings", false));
        if (config.hiddenSize % (2 * heads) != 0) {
            throw json.bad("num_attention_heads", "must cut hidden_size " + config.hiddenSize + " into even heads");
        }
        if (heads % config.kvHeads != 0) {
            throw json.bad("num_key_value_heads", "must divide num_attention_heads " + heads);
        }
        return config;
    }

    private static double ropeScale(ConfigJson json) {
        if (!json.has("rope_scaling")) {
            return 1.0;
        }
        ConfigJson scaling = json.child("rope_scaling");
        String type = scaling.text("type", scaling.text("rope_type", ""));
        if (!type.equals("linear")) {
            throw json.bad("rope_scaling", "must be of type linear, is " + type);
        }
        return scaling.real("factor");
    }

    public int headDim() {
        return hiddenSize / heads;
    }
}
