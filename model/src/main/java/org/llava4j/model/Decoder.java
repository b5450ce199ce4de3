package org.llava4j.model;

import java.util.List;
import java.util.stream.IntStream;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.ops.Alias;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.ops.CrossEntropy;
import org.llava4j.model.ops.Embedding;
import org.llava4j.model.ops.GatherRows;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.RmsNorm;
import org.llava4j.model.ops.Rope;
import org.llava4j.model.ops.SwiGlu;
import org.llava4j.model.ops.TrainableTokenEmbeddings;
import org.llava4j.model.samediff.ActivationCheckpointing.Segment;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * LLaMA decoder (Touvron et al. 2023; Vicuna and Mistral share the architecture): token embeddings to
 * {@code hidden_states.k}, {@code logits} and {@code loss}. Hidden states are {@code float32[B*T, D]}.
 */
final class Decoder {
    /** Prefix of the nodes that hold the rows of target tokens only. */
    private static final String TARGET_PREFIX = "target_rows.";

    private final LlamaConfig config;
    private final WeightScope root;
    private final WeightScope weights;
    private final LoraLayers lora;

    Decoder(LlamaConfig config, WeightScope root, LoraLayers lora) {
        this.config = config;
        this.root = root;
        this.weights = root.child("model.");
        this.lora = lora;
    }

    /** Token embeddings {@code float32[B*T, D]} of {@code ids int32[B, T]}. */
    SDVariable embed(String name, SDVariable ids) {
        return Embedding.of(name, tokenEmbeddings(), ids);
    }

    /**
     * Token embeddings of {@code ids int32[B, T]}, where the image start and end tokens have
     * {@link ImageStartEndEmbeddings}.
     */
    SDVariable embed(String name, SDVariable ids, ImageStartEndTokens tokens) {
        int[] tokenIds = ImageStartEndEmbeddings.ids(tokens);
        SDVariable rows = root.getRows(
                ImageStartEndEmbeddings.NAME,
                ImageStartEndEmbeddings.TABLE,
                tokenIds,
                config.vocabSize(),
                config.hiddenSize());
        return TrainableTokenEmbeddings.of(name, embed(name + ".words", ids), rows, ids, tokenIds);
    }

    private SDVariable tokenEmbeddings() {
        return weights.matrix("embed_tokens.weight", config.vocabSize(), config.hiddenSize());
    }

    /** Builds the layers, the LM head and the loss. */
    void build(SDVariable embeds, TextInputs in) {
        Alias.of("hidden_states.0", embeds);
        SDVariable x = embeds;
        int last = config.layers() - 1;
        for (int i = 0; i < last; i++) {
            String name = layerPrefix(i);
            WeightScope w = weights.child(name);
            x = mlpLayer(w, name, hiddenStateName(i), x, attentionLayer(w, name, x, in));
        }
        String name = layerPrefix(last);
        WeightScope w = weights.child(name);
        SDVariable mixed = attentionLayer(w, name, x, in);
        SDVariable y = mlpLayer(w, name, name + "output", x, mixed);
        // Hugging Face returns the last hidden state after the final norm.
        Linear.of("logits", norm(weights, "norm", y, hiddenStateName(last)), lmHead());

        // The loss needs only the rows of target tokens after the last attention. This saves most of the work of the
        // last layer's MLP and, with a large vocabulary, of the LM head.
        SDVariable targets = mlpLayer(
                w,
                TARGET_PREFIX + name,
                TARGET_PREFIX + "hidden",
                GatherRows.of(TARGET_PREFIX + name + "input", x, in.targetRows()),
                GatherRows.of(TARGET_PREFIX + name + "attention", mixed, in.targetRows()));
        SDVariable normed = norm(weights, "norm", targets, TARGET_PREFIX + "normed");
        CrossEntropy.of("loss", Linear.of("target_logits", normed, lmHead()), in.targets())
                .markAsLoss();
    }

    private static String layerPrefix(int layer) {
        return "layers." + layer + ".";
    }

    private static String hiddenStateName(int layer) {
        return "hidden_states." + (layer + 1);
    }

    /** Checkpointing segments: all layers except the last, whose activations the backward pass reads immediately. */
    static List<Segment> checkpointSegments(LlamaConfig config) {
        return IntStream.range(0, config.layers() - 1)
                .mapToObj(i -> new Segment(layerPrefix(i), hiddenStateName(i)))
                .toList();
    }

    private SDVariable lmHead() {
        return config.tiedEmbeddings()
                ? tokenEmbeddings()
                : root.matrix("lm_head.weight", config.vocabSize(), config.hiddenSize());
    }

    /** Attention of a layer: norm, projections, RoPE and attention; {@code float32[B*T, H*d]}. */
    private SDVariable attentionLayer(WeightScope w, String name, SDVariable x, TextInputs in) {
        int d = config.hiddenSize();
        int kvWidth = config.kvHeads() * config.headDim();
        SDVariable h = norm(w, "input_layernorm", x, name + "norm1");
        WeightScope.RotaryMatrix wq = w.rotaryMatrix("self_attn.q_proj.weight", d, d);
        WeightScope.RotaryMatrix wk = w.rotaryMatrix("self_attn.k_proj.weight", kvWidth, d);
        SDVariable[] qkv = Linear.projections(
                name + "qkv", h, wq.weight(), wk.weight(), w.matrix("self_attn.v_proj.weight", kvWidth, d));
        return Attention.causal(
                name + "attention",
                applyRope(
                        name + "q",
                        lora.addLora(name + "q_lora", qkv[0], h, w, "self_attn.q_proj.weight", d, d),
                        wq.order(),
                        in),
                applyRope(
                        name + "k",
                        lora.addLora(name + "k_lora", qkv[1], h, w, "self_attn.k_proj.weight", kvWidth, d),
                        wk.order(),
                        in),
                lora.addLora(name + "v_lora", qkv[2], h, w, "self_attn.v_proj.weight", kvWidth, d),
                in.rowStarts(),
                config.heads(),
                config.kvHeads(),
                config.headDim());
    }

    /**
     * The rest of a layer: output projection, norm and MLP, each row on its own.
     *
     * @param x input of the layer, {@code float32[R, D]}
     * @param mixed result of its attention, {@code float32[R, H*d]}
     */
    private SDVariable mlpLayer(WeightScope w, String name, String output, SDVariable x, SDVariable mixed) {
        int d = config.hiddenSize();
        int wide = config.intermediateSize();
        SDVariable residual = lora.addLora(name + "o_lora", x, mixed, w, "self_attn.o_proj.weight", d, d);
        SDVariable y = Linear.withResidual(
                name + "after_attention", residual, mixed, w.matrix("self_attn.o_proj.weight", d, d));
        SDVariable m = norm(w, "post_attention_layernorm", y, name + "norm2");
        SDVariable[] gateUp = Linear.projections(
                name + "gate_up",
                m,
                w.matrix("mlp.gate_proj.weight", wide, d),
                w.matrix("mlp.up_proj.weight", wide, d));
        SDVariable active = SwiGlu.of(
                name + "swiglu",
                lora.addLora(name + "gate_lora", gateUp[0], m, w, "mlp.gate_proj.weight", wide, d),
                lora.addLora(name + "up_lora", gateUp[1], m, w, "mlp.up_proj.weight", wide, d));
        SDVariable mlpResidual = lora.addLora(name + "down_lora", y, active, w, "mlp.down_proj.weight", d, wide);
        return Linear.withResidual(output, mlpResidual, active, w.matrix("mlp.down_proj.weight", d, wide));
    }

    private SDVariable applyRope(String name, SDVariable x, RotaryOrder order, TextInputs in) {
        return Rope.of(name, x, in.positions(), config.headDim(), order, config.ropeTheta(), config.ropeScale());
    }

    private SDVariable norm(WeightScope w, String name, SDVariable x, String output) {
        return RmsNorm.of(output, x, w.get(name + ".weight", config.hiddenSize()), config.rmsNormEps());
    }

    /** Placeholders of the text. */
    record TextInputs(SDVariable positions, SDVariable rowStarts, SDVariable targetRows, SDVariable targets) {}
}
