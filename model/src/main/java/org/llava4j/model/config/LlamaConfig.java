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

    /** What transformers takes for keys that a nested config leaves out: LLaMA 7B. */
    static final LlamaConfig SEVEN_B = new LlamaConfig(32000, 4096, 32, 32, 32, 11008, 1e-6, 10000, 1, false);

    /** Reads a decoder's folder or {@code config.json}. */
    public static LlamaConfig read(Path folder) {
        return of(ConfigJson.read(folder));
    }

    /** Every size must be there. */
    static LlamaConfig of(ConfigJson json) {
        return new LlamaConfig(
                        json.positive("vocab_size"),
                        json.positive("hidden_size"),
                        json.positive("num_hidden_layers"),
                        json.positive("num_attention_heads"),
                        kvHeads(json, json.positive("num_attention_heads")),
                        json.positive("intermediate_size"),
                        json.real("rms_norm_eps"),
                        ropeTheta(json),
                        ropeScale(json),
                        json.bool("tie_word_embeddings", false))
                .checked(json);
    }

    /** What is not there has the value that {@code absent} has. */
    static LlamaConfig of(ConfigJson json, LlamaConfig absent) {
        int heads = json.positive("num_attention_heads", absent.heads);
        return new LlamaConfig(
                        json.positive("vocab_size", absent.vocabSize),
                        json.positive("hidden_size", absent.hiddenSize),
                        json.positive("num_hidden_layers", absent.layers),
                        heads,
                        kvHeads(json, heads),
                        json.positive("intermediate_size", absent.intermediateSize),
                        json.real("rms_norm_eps", absent.rmsNormEps),
                        ropeTheta(json),
                        ropeScale(json),
                        json.bool("tie_word_embeddings", absent.tiedEmbeddings))
                .checked(json);
    }

    private LlamaConfig checked(ConfigJson json) {
        String act = json.text("hidden_act", "silu");
        if (!act.equals("silu")) {
            throw json.bad("hidden_act", "must be silu as in LLaMA, is " + act);
        }
        if (json.bool("attention_bias", false)) {
            throw json.bad("attention_bias", "must be false: LLaMA's projections have no bias");
        }
        if (hiddenSize % (2 * heads) != 0) {
            throw json.bad("num_attention_heads", "must cut hidden_size " + hiddenSize + " into even heads");
        }
        if (heads % kvHeads != 0) {
            throw json.bad("num_key_value_heads", "must divide num_attention_heads " + heads);
        }
        return this;
    }

    private static int kvHeads(ConfigJson json, int heads) {
        return json.positive("num_key_value_heads", heads);
    }

    /** Newer writers nest it with all that belongs to the positions. */
    private static double ropeTheta(ConfigJson json) {
        return json.has("rope_parameters")
                ? json.child("rope_parameters").real("rope_theta", 10000.0)
                : json.real("rope_theta", 10000.0);
    }

    private static double ropeScale(ConfigJson json) {
        String key = json.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
        if (!json.has(key)) {
            return 1.0;
        }
        ConfigJson scaling = json.child(key);
        String type = scaling.text("type", scaling.text("rope_type", ""));
        if (type.equals("default")) {
            return 1.0;
        }
        if (!type.equals("linear")) {
            throw json.bad(key, "must be of type linear, is " + type);
        }
        double factor = scaling.real("factor");
        if (!(factor > 0)) {
            throw json.bad(key, "must have a factor above 0, is " + factor);
        }
        return factor;
    }

    public int headDim() {
        return hiddenSize / heads;
    }
}
