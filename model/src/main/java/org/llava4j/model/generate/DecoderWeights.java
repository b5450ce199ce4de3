package org.llava4j.model.generate;

import java.util.List;
import java.util.stream.IntStream;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * References to a decoder's weight arrays, looked up once per prefill: the graph finds variables by name, which is slow
 * enough to matter in a decode step.
 *
 * @param tokenEmbeddings float32 or low-precision [V, D]
 * @param layers weights of each decoder layer
 * @param finalNorm float32[D], the RMSNorm after the last layer
 * @param lmHead float32 or low-precision [V, D]
 */
record DecoderWeights(INDArray tokenEmbeddings, List<Layer> layers, INDArray finalNorm, INDArray lmHead) {

    /** Weights of one decoder layer. */
    record Layer(
            INDArray attentionNorm,
            INDArray q,
            INDArray k,
            INDArray v,
            INDArray o,
            INDArray mlpNorm,
            INDArray gate,
            INDArray up,
            INDArray down) {}

    /** The graph's current weight arrays. Training may replace them. */
    static DecoderWeights of(Llava model, LlamaConfig config) {
        INDArray table = model.weight(ImageStartEndEmbeddings.TABLE);
        return new DecoderWeights(
                table,
                IntStream.range(0, config.layers())
                        .mapToObj(layer -> layer(model, "model.layers." + layer + "."))
                        .toList(),
                model.weight("model.norm.weight"),
                config.tiedEmbeddings() ? table : model.weight("lm_head.weight"));
    }

    private static Layer layer(Llava model, String name) {
        return new Layer(
                model.weight(name + "input_layernorm.weight"),
                model.weight(name + "self_attn.q_proj.weight"),
                model.weight(name + "self_attn.k_proj.weight"),
                model.weight(name + "self_attn.v_proj.weight"),
                model.weight(name + "self_attn.o_proj.weight"),
                model.weight(name + "post_attention_layernorm.weight"),
                model.weight(name + "mlp.gate_proj.weight"),
                model.weight(name + "mlp.up_proj.weight"),
                model.weight(name + "mlp.down_proj.weight"));
    }
}
