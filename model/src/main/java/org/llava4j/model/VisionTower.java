package org.llava4j.model;

import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.ops.ActivationOp;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.ops.ClassAndPositionEmbeddings;
import org.llava4j.model.ops.ExtractPatches;
import org.llava4j.model.ops.LayerNorm;
import org.llava4j.model.ops.Linear;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * CLIP's vision transformer (Radford et al. 2021): pixels to {@code vision.hidden_states.k}, where k = 0 is the output
 * of {@code pre_layrnorm} and k = layers that of the last layer. Hidden states are {@code float32[N*(P+1), Dv]}, the
 * CLS token of each image first.
 */
final class VisionTower {
    private final ClipConfig config;
    private final WeightScope weights;

    /** @param weights scope of the tower, the parent of {@code vision_model.} */
    VisionTower(ClipConfig config, WeightScope weights) {
        this.config = config;
        this.weights = weights.child("vision_model.");
    }

    /**
     * @param pixels float32[N, 3, S, S]
     * @return hidden states 0..layers, each float32[N*(P+1), Dv]
     */
    SDVariable[] build(SDVariable pixels) {
        SDVariable[] states = new SDVariable[config.layers() + 1];
        states[0] = norm("pre_layrnorm", embed(pixels), "vision.hidden_states.0");
        for (int i = 0; i < config.layers(); i++) {
            states[i + 1] = layer(weights.child("encoder.layers." + i + "."), i, states[i]);
        }
        // LLaVA does not read its output; it is declared so that a checkpoint contains the complete tower.
        norm("post_layernorm", states[config.layers()], "vision.post_layernorm");
        return states;
    }

    private SDVariable embed(SDVariable pixels) {
        int d = config.hiddenSize();
        int p = config.patchSizePx();
        WeightScope w = weights.child("embeddings.");
        SDVariable patches = Linear.of(
                "vision.patch_embeds",
                ExtractPatches.of("vision.patches", pixels, p),
                w.matrix("patch_embedding.weight", d, 3, p, p));
        return ClassAndPositionEmbeddings.of(
                "vision.embeddings",
                patches,
                w.get("class_embedding", d),
                w.get("position_embedding.weight", config.patches() + 1, d));
    }

    private SDVariable layer(WeightScope w, int i, SDVariable x) {
        int d = config.hiddenSize();
        int wide = config.intermediateSize();
        String name = "vision.layers." + i + ".";
        SDVariable h = norm(w, "layer_norm1", x, name + "norm1");
        SDVariable[] qkv = Linear.projections(
                name + "qkv",
                h,
                new SDVariable[] {matrix(w, "q_proj"), matrix(w, "k_proj"), matrix(w, "v_proj")},
                new SDVariable[] {bias(w, "q_proj"), bias(w, "k_proj"), bias(w, "v_proj")});
        SDVariable mixed = Attention.full(
                name + "attention", qkv[0], qkv[1], qkv[2], config.patches() + 1, config.heads(), config.headDim());
        SDVariable y =
                Linear.withResidual(name + "after_attention", x, mixed, matrix(w, "out_proj"), bias(w, "out_proj"));
        SDVariable m = norm(w, "layer_norm2", y, name + "norm2");
        SDVariable up = Linear.of(name + "fc1", m, w.matrix("mlp.fc1.weight", wide, d), w.get("mlp.fc1.bias", wide));
        SDVariable active = ActivationOp.of(Activation.QUICK_GELU, name + "gelu", up);
        return Linear.withResidual(
                "vision.hidden_states." + (i + 1),
                y,
                active,
                w.matrix("mlp.fc2.weight", d, wide),
                w.get("mlp.fc2.bias", d));
    }

    private SDVariable matrix(WeightScope w, String name) {
        return w.matrix("self_attn." + name + ".weight", config.hiddenSize(), config.hiddenSize());
    }

    private SDVariable bias(WeightScope w, String name) {
        return w.get("self_attn." + name + ".bias", config.hiddenSize());
    }

    private SDVariable norm(String name, SDVariable x, String output) {
        return norm(weights, name, x, output);
    }

    private SDVariable norm(WeightScope w, String name, SDVariable x, String output) {
        SDVariable scale = w.get(name + ".weight", config.hiddenSize());
        SDVariable shift = w.get(name + ".bias", config.hiddenSize());
        return LayerNorm.of(output, x, scale, shift, config.layerNormEps());
    }
}
