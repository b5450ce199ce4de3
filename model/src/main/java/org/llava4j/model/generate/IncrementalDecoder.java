package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.Kernels.AttentionShape;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Incremental decoder with a {@link KvCache}. The SameDiff graph prefills the prompts and exports each layer's keys and
 * values; later tokens run the same {@link Kernels} directly on the graph's weights, because SameDiff's per-op overhead
 * exceeds the cost of a single-row product. A decode step reads each weight once for the whole batch. Sequences of any
 * length may join and leave between two steps. Not thread-safe.
 */
final class IncrementalDecoder implements AutoregressiveDecoder {
    private final Llava model;
    private final LlamaConfig config;
    private final PromptForwardPass forward;
    private final Kernels kernels = KernelChoice.kernels();
    private final PooledMemory memory = PooledMemory.forCurrentThread();
    private DecoderWeights weights;
    private final Map<Generation, KvCache> caches = new IdentityHashMap<>();

    /** @param config of a decoder without LoRA ({@link Llava#decoderWithoutLora()}) */
    IncrementalDecoder(Llava model, LlamaConfig config, PromptForwardPass forward) {
        this.model = model;
        this.config = config;
        this.forward = forward;
    }

    private static String keyNode(int layer) {
        return "layers." + layer + ".k";
    }

    private static String valueNode(int layer) {
        return "layers." + layer + ".qkv:2";
    }

    @Override
    public INDArray prefill(List<Generation> sequences) {
        weights = DecoderWeights.of(model, config);
        List<String> nodes = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            nodes.add(keyNode(layer));
            nodes.add(valueNode(layer));
        }
        PromptForwardPass.Result result = forward.run(sequences, nodes);
        for (int row = 0; row < sequences.size(); row++) {
            int length = result.layout().rowLengths()[row];
            int from = row * result.layout().sequenceLength() + result.layout().rowStarts()[row];
            KvCache cache = new KvCache(config, length + sequences.get(row).maxNewTokens(), memory);
            for (int layer = 0; layer < config.layers(); layer++) {
                INDArray k = result.outputs().get(keyNode(layer));
                kernels.appendToCache(k, result.outputs().get(valueNode(layer)), from, length, cache.layer(layer));
            }
            cache.advance(length);
            caches.put(sequences.get(row), cache);
        }
        nodes.forEach(node -> memory.release(result.outputs().get(node)));
        return result.outputs().get(PromptForwardPass.TARGET_LOGITS);
    }

    /** Fills the KV cache with zeros instead of a prompt's keys and values, to measure the decode steps that follow. */
    KvCache prefillZeros(Generation generation, int length) {
        weights = DecoderWeights.of(model, config);
        KvCache cache = new KvCache(config, length + generation.maxNewTokens(), memory);
        cache.fillZeros(length);
        caches.put(generation, cache);
        return cache;
    }

    @Override
    public void release(Generation generation) {
        KvCache cache = caches.remove(generation);
        if (cache != null) {
            cache.release(memory);
        }
    }

    @Override
    public INDArray decodeStep(List<Generation> running) {
        List<KvCache> rows = running.stream().map(caches::get).toList();
        INDArray positions =
                Nd4j.createFromArray(rows.stream().mapToInt(KvCache::length).toArray());
        INDArray x = embed(running.stream().mapToInt(Generation::lastToken).toArray());
        for (int layer = 0; layer < config.layers(); layer++) {
            INDArray next = layer(layer, rows, positions, x);
            memory.release(x);
            x = next;
        }
        rows.forEach(row -> row.advance(1));
        INDArray normed = norm(x, weights.finalNorm());
        memory.release(x);
        INDArray logits = linear(normed, weights.lmHead(), null);
        memory.release(normed);
        return logits;
    }

    private INDArray embed(int[] tokens) {
        INDArray x = array(tokens.length, config.hiddenSize());
        kernels.embedding(Nd4j.createFromArray(tokens), weights.tokenEmbeddings(), x);
        model.imageStartEndTokens().map(ImageStartEndEmbeddings::ids).ifPresent(ids -> {
            for (int i = 0; i < tokens.length; i++) {
                for (int row = 0; row < ids.length; row++) {
                    if (tokens[i] == ids[row]) {
                        x.putRow(i, model.weight(ImageStartEndEmbeddings.NAME).getRow(row));
                    }
                }
            }
        });
        return x;
    }

    private INDArray layer(int number, List<KvCache> rows, INDArray positions, INDArray x) {
        DecoderWeights.Layer w = weights.layers().get(number);
        INDArray h = norm(x, w.attentionNorm());
        INDArray[] qkv = linears(h, w.q(), w.k(), w.v());
        INDArray q = applyRope(qkv[0], positions);
        INDArray k = applyRope(qkv[1], positions);
        INDArray v = qkv[2];
        INDArray mixed = array(rows.size(), q.size(1));
        AttentionShape shape =
                new AttentionShape(rows.size(), 1, config.heads(), config.kvHeads(), config.headDim(), true);
        kernels.decodeAttention(
                q, k, v, rows.stream().map(row -> row.layer(number)).toList(), shape, mixed);
        INDArray y = linear(mixed, w.o(), x);
        INDArray m = norm(y, w.mlpNorm());
        INDArray[] gateUp = linears(m, w.gate(), w.up());
        INDArray active = array(rows.size(), config.intermediateSize());
        kernels.swiGlu(gateUp[0], gateUp[1], active);
        INDArray out = linear(active, w.down(), y);
        for (INDArray used : List.of(h, q, k, v, mixed, y, m, gateUp[0], gateUp[1], active)) {
            memory.release(used);
        }
        return out;
    }

    private INDArray norm(INDArray x, INDArray weight) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rmsNorm(x, weight, config.rmsNormEps(), y);
        return y;
    }

    private INDArray[] linears(INDArray x, INDArray... weights) {
        INDArray[] ys = Arrays.stream(weights)
                .map(weight -> array(x.size(0), weight.size(0)))
                .toArray(INDArray[]::new);
        kernels.linears(x, weights, ys);
        return ys;
    }

    private INDArray linear(INDArray x, INDArray weight, INDArray residual) {
        INDArray y = array(x.size(0), weight.size(0));
        kernels.linear(x, weight, null, residual, y);
        return y;
    }

    private INDArray applyRope(INDArray x, INDArray positions) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rope(x, positions, config.headDim(), config.ropeTheta(), config.ropeScale(), false, y);
        memory.release(x);
        return y;
    }

    private INDArray array(long... shape) {
        return memory.allocate(true, DataType.FLOAT, shape);
    }
}
