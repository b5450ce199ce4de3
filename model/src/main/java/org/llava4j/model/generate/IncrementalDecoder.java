package org.llava4j.model.generate;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.llava4j.model.Llava;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.ops.MergeImageFeatures;
import org.llava4j.model.samediff.GraphOp;
import org.llava4j.model.samediff.GraphProgram;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Incremental decoder with a {@link KvCache}, read from the model's graph. SameDiff runs the graph to prefill prompts and
 * exports the keys and values that each attention operation reads. A decode step runs the graph's operations eagerly, as
 * a {@link GraphProgram}, with two differences: attention appends to the KV cache and attends to it, and there are no
 * images to merge into the token embeddings. A step reads each weight once for the whole batch. Sequences of any length
 * may join and leave between two steps. Not thread-safe.
 */
final class IncrementalDecoder implements AutoregressiveDecoder {
    private static final String LOGITS = "logits";

    private final Llava model;
    private final PromptForwardPass forward;
    private final Kernels kernels = KernelChoice.kernels();
    private final GraphProgram step;
    private final List<Attention> layers;
    private final Map<GraphOp, Integer> layerIndices = new IdentityHashMap<>();
    private final Map<Generation, KvCache> caches = new IdentityHashMap<>();

    IncrementalDecoder(Llava model, PromptForwardPass forward) {
        this.model = model;
        this.forward = forward;
        step = new GraphProgram(model.graph(), LOGITS, withoutImages(model));
        layers = step.ops(Attention.class);
        layers.forEach(layer -> layerIndices.put(layer, layerIndices.size()));
    }

    private static Map<String, String> withoutImages(Llava model) {
        Map<String, String> textInsteadOfMerged = new HashMap<>();
        model.graph().getOps().forEach((name, op) -> {
            if (op.getOp() instanceof MergeImageFeatures merge) {
                textInsteadOfMerged.put(op.getOutputsOfOp().get(0), merge.text().name());
            }
        });
        return textInsteadOfMerged;
    }

    @Override
    public List<float[]> prefill(List<Generation> sequences) {
        step.refreshWeights();
        List<String> nodes = layers.stream()
                .flatMap(layer -> Stream.of(layer.keys().name(), layer.values().name()))
                .toList();
        try (ArrayScope scope = new ArrayScope()) {
            PromptForwardPass.Result result = forward.run(sequences, nodes, scope);
            for (int row = 0; row < sequences.size(); row++) {
                int length = result.layout().rowLengths()[row];
                int from =
                        row * result.layout().sequenceLength() + result.layout().rowStarts()[row];
                KvCache cache = new KvCache(layers, length + sequences.get(row).maxNewTokens());
                for (int i = 0; i < layers.size(); i++) {
                    INDArray k = result.output(layers.get(i).keys().name());
                    INDArray v = result.output(layers.get(i).values().name());
                    kernels.decodeAttention().append(k, v, from, length, cache.layer(i));
                }
                cache.advance(length);
                caches.put(sequences.get(row), cache);
            }
            return result.logits();
        }
    }

    /** Fills the KV cache with zeros instead of a prompt's keys and values, to measure the decode steps that follow. */
    KvCache prefillZeros(Generation generation, int length) {
        step.refreshWeights();
        KvCache cache = new KvCache(layers, length + generation.maxNewTokens());
        cache.fillZeros(length);
        caches.put(generation, cache);
        return cache;
    }

    @Override
    public void release(Generation generation) {
        KvCache cache = caches.remove(generation);
        if (cache != null) {
            cache.close();
        }
    }

    @Override
    public List<float[]> decodeStep(List<Generation> running) {
        List<KvCache> rows = running.stream().map(caches::get).toList();
        int[] tokens = running.stream().mapToInt(Generation::lastToken).toArray();
        int[] positions = rows.stream().mapToInt(KvCache::length).toArray();
        Map<String, INDArray> placeholders = Map.of(
                Llava.INPUT_IDS, Nd4j.createFromArray(tokens).reshape(tokens.length, 1),
                Llava.POSITIONS, Nd4j.createFromArray(positions),
                Llava.ROW_STARTS, Nd4j.createFromArray(new int[tokens.length]));
        try (ArrayScope scope = new ArrayScope()) {
            INDArray logits = scope.own(
                    step.run(model.withoutDropout(placeholders), (op, in, out) -> attendToCache(op, in, out, rows)));
            rows.forEach(row -> row.advance(1));
            return NativeArray.rows(logits, rows.size());
        }
    }

    /** Computes an attention operation on the KV caches; returns false for other operations. */
    private boolean attendToCache(GraphOp op, List<INDArray> in, List<INDArray> out, List<KvCache> rows) {
        Integer layer = layerIndices.get(op);
        if (layer == null) {
            return false;
        }
        kernels.decodeAttention()
                .decode(
                        in.get(0),
                        in.get(1),
                        in.get(2),
                        rows.stream().map(row -> row.layer(layer)).toList(),
                        layers.get(layer).singleTokenShape(rows.size()),
                        out.get(0));
        return true;
    }
}
