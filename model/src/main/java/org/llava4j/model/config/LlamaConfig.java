package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
        LlamaConfig config = new LlamaConfig(
                json.positive("vocab_size"),
                json.positive("hidden_size"),
                json.positive("num_hidden_layers"),
                heads,
                json.has("num_key_value_heads") ? json.positive("num_key_value_heads") : heads,
                json.positive("intermediate_size"),
                json.real("rms_norm_eps"),
                ropeTheta(json),
                ropeScale(json),
                json.bool("tie_word_embeddings", false));
        String act = json.text("hidden_act", "silu");
        if (!act.equals("silu")) {
            throw json.bad("hidden_act", "must be silu as in LLaMA, is " + act);
        }
        if (json.bool("attention_bias", false)) {
            throw json.bad("attention_bias", "must be false: LLaMA's projections have no bias");
        }
        if (config.hiddenSize % (2 * heads) != 0) {
            throw json.bad("num_attention_heads", "must cut hidden_size " + config.hiddenSize + " into even heads");
        }
        if (heads % config.kvHeads != 0) {
            throw json.bad("num_key_value_heads", "must divide num_attention_heads " + heads);
        }
        return config;
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

    /** Puts these values into a config under the keys that {@link #read} knows. */
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

    public int headDim() {
        return hiddenSize / heads;
    }
}
