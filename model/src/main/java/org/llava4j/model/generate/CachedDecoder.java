package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.llava4j.data.batch.SpliceLayout;
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The decoder one position at a time, on the graph's own weights: the graph runs a prompt once and gives each layer's
 * keys and values, and from there on a new position costs one pass over the weights. Outside of SameDiff, whose overhead
 * an operation costs more than a row of arithmetic; what computes are the same {@link Kernels}. One thread at a time.
 */
final class CachedDecoder {
    private static final String MODEL = "model.";

    private final Llava model;
    private final LlamaConfig config;
    private final Kernels kernels = KernelChoice.kernels();
    private final PooledMemory memory = PooledMemory.ofThisThread();
    private final List<KeyValues> layers = new ArrayList<>();

    private CachedDecoder(Llava model, LlamaConfig config) {
        this.model = model;
        this.config = config;
    }

    /** For a model whose layers are their weights and nothing else; LoRA stands beside others. */
    static Optional<CachedDecoder> of(Llava model) {
        return model.plainDecoder().map(config -> new CachedDecoder(model, config));
    }

    /** What the graph is to give of a prompt. */
    List<String> nodes() {
        List<String> nodes = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            nodes.add(keys(layer));
            nodes.add(values(layer));
        }
        return nodes;
    }

    private static String keys(int layer) {
        return "layers." + layer + ".k";
    }

    private static String values(int layer) {
        return "layers." + layer + ".qkv:2";
    }

    /**
     * Takes over what the graph gave of prompts, and gives the arrays back.
     *
     * @param more positions that will follow at most
     */
    void begin(Map<String, INDArray> prompts, SpliceLayout layout, int more) {
        layers.clear();
        int width = config.kvHeads() * config.headDim();
        for (int layer = 0; layer < config.layers(); layer++) {
            KeyValues cache = new KeyValues(layout.rowLengths(), more, width);
            cache.take(prompts.get(keys(layer)), prompts.get(values(layer)), layout);
            memory.release(prompts.get(keys(layer)));
            memory.release(prompts.get(values(layer)));
            layers.add(cache);
        }
    }

    /**
     * One more position of some rows.
     *
     * @param rows of the prompts, each once
     * @param tokens the new token of each
     * @return what follows, {@code float32[rows, V]}; the caller's, to be released
     */
    INDArray step(int[] rows, int[] tokens) {
        INDArray positions = Nd4j.createFromArray(layers.get(0).positions(rows));
        INDArray x = embedded(tokens);
        for (int layer = 0; layer < config.layers(); layer++) {
            INDArray next = layer(layer, rows, positions, x);
            memory.release(x);
            x = next;
        }
        INDArray normed = norm(MODEL + "norm", x);
        memory.release(x);
        INDArray logits = linear(normed, head(), null);
        memory.release(normed);
        return logits;
    }

    private INDArray embedded(int[] tokens) {
        INDArray x = array(tokens.length, config.hiddenSize());
        kernels.embedding(Nd4j.createFromArray(tokens), model.weight(SlotRows.TABLE), x);
        model.imageSlot().map(SlotRows::ids).ifPresent(ids -> {
            for (int i = 0; i < tokens.length; i++) {
                for (int row = 0; row < ids.length; row++) {
                    if (tokens[i] == ids[row]) {
                        x.putRow(i, model.weight(SlotRows.NAME).getRow(row));
                    }
                }
            }
        });
        return x;
    }

    private INDArray layer(int number, int[] rows, INDArray positions, INDArray x) {
        String name = MODEL + "layers." + number + ".";
        INDArray h = norm(name + "input_layernorm", x);
        INDArray q = rotated(linear(h, weight(name + "self_attn.q_proj"), null), positions);
        INDArray k = rotated(linear(h, weight(name + "self_attn.k_proj"), null), positions);
        INDArray v = linear(h, weight(name + "self_attn.v_proj"), null);
        KeyValues cache = layers.get(number);
        cache.add(rows, k, v);
        INDArray mixed = Nd4j.createFromArray(
                        cache.attend(rows, q.data().asFloat(), config.heads(), config.kvHeads(), config.headDim()))
                .reshape(rows.length, config.hiddenSize());
        INDArray y = linear(mixed, weight(name + "self_attn.o_proj"), x);
        INDArray m = norm(name + "post_attention_layernorm", y);
        INDArray gate = linear(m, weight(name + "mlp.gate_proj"), null);
        INDArray up = linear(m, weight(name + "mlp.up_proj"), null);
        INDArray active = array(rows.length, config.intermediateSize());
        kernels.swiGlu(gate, up, active);
        INDArray out = linear(active, weight(name + "mlp.down_proj"), y);
        for (INDArray used : List.of(h, q, k, v, y, m, gate, up, active)) {
            memory.release(used);
        }
        return out;
    }

    private INDArray weight(String name) {
        return model.weight(name + ".weight");
    }

    private INDArray head() {
        return config.tiedEmbeddings() ? model.weight(SlotRows.TABLE) : weight("lm_head");
    }

    private INDArray norm(String name, INDArray x) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rmsNorm(x, weight(name), config.rmsNormEps(), y);
        return y;
    }

    private INDArray linear(INDArray x, INDArray weight, INDArray residual) {
        INDArray y = array(x.size(0), weight.size(0));
        kernels.linear(x, weight, null, residual, y);
        return y;
    }

    private INDArray rotated(INDArray x, INDArray positions) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rope(x, positions, config.headDim(), config.ropeTheta(), config.ropeScale(), false, y);
        memory.release(x);
        return y;
    }

    private INDArray array(long... shape) {
        return memory.allocate(true, DataType.FLOAT, shape);
    }
}
