package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.train.plan.StepLayers.Matrix;

/**
 * The operations of one pass through the graph of {@link org.llava4j.model.Llava} with their arrays, and the results
 * that the caller keeps. Weights and placeholders are not included: they exist before the pass.
 *
 * @param ops all operations of the graph
 * @param results requested results: the loss, then the gradient of each trainable weight; or the tower's features
 */
record StepGraph(List<StepOp> ops, List<StepArray> results) {
    private static final long PIXEL_CHANNELS = 3;

    /** A forward pass to the loss and, if any weight is trainable, the backward pass. */
    static StepGraph step(PlannedRun run) {
        Tape tape = new Tape();
        StepLayers layers = new StepLayers(tape);
        LlavaConfig config = run.config();
        long imageTokens = (long) run.batchSize() * config.numImageTokens();
        StepArray features = run.tower() == PlannedRun.TowerPlacement.IN_GRAPH
                ? tower(layers, config, run.batchSize())
                : new StepArray(imageTokens, config.vision().hiddenSize());
        StepArray images = projector(layers, config, features);
        StepArray loss = decoder(layers, config, run, images);
        List<StepArray> results = new ArrayList<>(List.of(loss));
        tape.differentiate();
        tape.weightGradients().forEach((name, gradient) -> {
            if (run.trainable().test(name)) {
                results.add(gradient);
            }
        });
        return new StepGraph(tape.ops(), results);
    }

    StepArray loss() {
        return results.get(0);
    }

    List<StepArray> gradients() {
        return results.subList(1, results.size());
    }

    /** The vision tower alone, on a number of images. */
    static StepGraph tower(PlannedRun run, int images) {
        Tape tape = new Tape();
        StepArray features = tower(new StepLayers(tape), run.config(), images);
        return new StepGraph(tape.ops(), List.of(features));
    }

    private static StepArray tower(StepLayers layers, LlavaConfig config, long images) {
        ClipConfig vision = config.vision();
        long width = vision.hiddenSize();
        long patches = images * vision.patches();
        long rows = images * (vision.patches() + 1);
        long patchLength = PIXEL_CHANNELS * vision.patchSizePx() * vision.patchSizePx();
        StepArray cut = layers.withoutGradient(new StepArray(patches, patchLength));
        StepArray embedded = layers.withoutGradient(new StepArray(patches, width), cut);
        StepArray positioned = layers.withoutGradient(new StepArray(rows, width), embedded);
        StepArray x = layers.withoutGradient(new StepArray(rows, width), positioned);
        for (int layer = 0; layer < config.featureLayer(); layer++) {
            StepArray h = layers.withoutGradient(Tape.like(x), x);
            List<StepArray> qkv = layers.withoutGradient(3, h);
            StepArray mixed = layers.withoutGradient(Tape.like(x), qkv.toArray(new StepArray[0]));
            StepArray y = layers.withoutGradient(Tape.like(x), mixed, x);
            StepArray m = layers.withoutGradient(Tape.like(x), y);
            StepArray up = layers.withoutGradient(new StepArray(rows, vision.intermediateSize()), m);
            StepArray active = layers.withoutGradient(Tape.like(up), up);
            x = layers.withoutGradient(Tape.like(x), active, y);
        }
        return config.selectFeature() == SelectFeature.PATCH
                ? layers.withoutGradient(new StepArray(patches, width), x)
                : layers.withoutGradient(Tape.like(x), x);
    }

    private static StepArray projector(StepLayers layers, LlavaConfig config, StepArray features) {
        long in = config.vision().hiddenSize();
        long out = config.decoder().hiddenSize();
        if (config.projector() == ProjectorType.LINEAR) {
            return layers.linear(features, new Matrix("model.mm_projector", out, in, true));
        }
        StepArray first = layers.linear(features, new Matrix("model.mm_projector.0", out, in, true));
        return layers.linear(layers.activation(first), new Matrix("model.mm_projector.2", out, out, true));
    }

    private static StepArray decoder(StepLayers layers, LlavaConfig config, PlannedRun run, StepArray images) {
        LlamaConfig llama = config.decoder();
        long width = llama.hiddenSize();
        long vocabulary = llama.vocabSize();
        StepArray text = layers.embedding(
                ImageStartEndEmbeddings.TABLE, (long) run.batchSize() * run.maxLength(), vocabulary, width);
        if (config.imageStartEndTokens().isPresent()) {
            text = layers.trainableTokenEmbeddings(
                    ImageStartEndEmbeddings.NAME, text, WeightShapes.IMAGE_START_END_ROWS);
        }
        StepArray x = layers.mergeImageFeatures(text, images);
        StepLora lora = new StepLora(layers, run.lora(), llama);
        for (int i = 0; i < llama.layers(); i++) {
            StepArray input = x;
            String name = "model.layers." + i + ".";
            Supplier<StepArray> layer = () -> layer(layers, lora, llama, name, input);
            x = run.gradientCheckpointing() && i + 1 < llama.layers() ? layers.checkpointed(layer) : layer.get();
        }
        StepArray normed = layers.norm("model.norm", layers.gather(x, run.targetRows()));
        String head = llama.tiedEmbeddings() ? "model.embed_tokens" : "lm_head";
        return layers.loss(layers.linear(normed, new Matrix(head, vocabulary, width, false)));
    }

    private static StepArray layer(StepLayers layers, StepLora lora, LlamaConfig llama, String name, StepArray x) {
        long d = llama.hiddenSize();
        long wide = llama.intermediateSize();
        long kv = (long) llama.kvHeads() * llama.headDim();
        StepArray h = layers.norm(name + "input_layernorm", x);
        Matrix q = new Matrix(name + "self_attn.q_proj", d, d, false);
        Matrix k = new Matrix(name + "self_attn.k_proj", kv, d, false);
        Matrix v = new Matrix(name + "self_attn.v_proj", kv, d, false);
        List<StepArray> qkv = lora.addLora(layers.linear(h, null, q, k, v), h, q, k, v);
        StepArray mixed = layers.attention(
                layers.withAdjointGradient(qkv.get(0)), layers.withAdjointGradient(qkv.get(1)), qkv.get(2));
        Matrix o = new Matrix(name + "self_attn.o_proj", d, d, false);
        StepArray y = layers.linear(mixed, lora.addLora(x, mixed, o), o).get(0);
        StepArray m = layers.norm(name + "post_attention_layernorm", y);
        Matrix gate = new Matrix(name + "mlp.gate_proj", wide, d, false);
        Matrix up = new Matrix(name + "mlp.up_proj", wide, d, false);
        List<StepArray> gateUp = lora.addLora(layers.linear(m, null, gate, up), m, gate, up);
        StepArray active = layers.activation(gateUp.get(0), gateUp.get(1));
        Matrix down = new Matrix(name + "mlp.down_proj", d, wide, false);
        return layers.linear(active, lora.addLora(y, active, down), down).get(0);
    }
}
