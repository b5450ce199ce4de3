package org.llava4j.model.generate;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.model.kernels.DecodeAttentionKernels;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.samediff.GraphOp;
import org.llava4j.model.samediff.GraphProgram.Substitute;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The decoder's attention operations, computed on {@link KvCache}s. */
final class CachedAttention {
    private final DecodeAttentionKernels kernels = KernelChoice.kernels().decodeAttention();
    private final List<Attention> layers;
    private final Map<GraphOp, Integer> indices = new IdentityHashMap<>();

    /** @param layers the attention operation of each layer */
    CachedAttention(List<Attention> layers) {
        this.layers = layers;
        layers.forEach(layer -> indices.put(layer, indices.size()));
    }

    /** The attention operation of each layer. */
    List<Attention> layers() {
        return layers;
    }

    /** Creates an empty cache. */
    KvCache newCache(int maxTokens) {
        return new KvCache(layers, maxTokens);
    }

    /** Appends rows [from, from + count) of a layer's keys and values, both {@code float32[R, G*d]}. */
    void append(int layer, INDArray keys, INDArray values, int from, int count, KvCache cache) {
        kernels.append(keys, values, from, count, cache.layer(layer));
    }

    /** Attention of a decode step: one new token for each cache. */
    Substitute decode(List<KvCache> caches) {
        return (op, in, out) -> {
            Integer layer = indices.get(op);
            if (layer == null) {
                return false;
            }
            kernels.decode(
                    in.get(0),
                    in.get(1),
                    in.get(2),
                    caches.stream().map(cache -> cache.layer(layer)).toList(),
                    layers.get(layer).causalShape(caches.size(), 1),
                    out.get(0));
            return true;
        };
    }

    /** Attention of a part of a prompt: the next {@code count} tokens of one cache. */
    Substitute prefill(KvCache cache, int count) {
        return (op, in, out) -> {
            Integer layer = indices.get(op);
            if (layer == null) {
                return false;
            }
            kernels.prefill(
                    in.get(0),
                    in.get(1),
                    in.get(2),
                    cache.layer(layer),
                    layers.get(layer).causalShape(1, count),
                    out.get(0));
            return true;
        };
    }
}
