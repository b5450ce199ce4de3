package org.llava4j.model.kernels;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of attention that reads a KV cache: one new token for each of several sequences, or several of one. */
public interface DecodeAttentionKernels {
    /**
     * Appends rows [from, from + count) of k and v, both [R, G*d], to a KV cache at position {@code cache.length()}.
     * Cache entries after that position are overwritten.
     */
    void append(INDArray k, INDArray v, int from, int count, LayerKvCache cache);

    /**
     * Attention of one decode step: one new token for each of R sequences. Appends row r of k and v to cache r, then
     * lets row r of q attend to the whole cache. q, y: [R, H*d]; k, v: [R, G*d].
     *
     * @param caches one per row
     * @param shape R sequences of length 1; its {@code length} and {@code causal} are ignored
     */
    void decode(INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y);

    /**
     * Attention of the next T tokens of one sequence. Appends the rows of k and v to the cache, then lets each row of q
     * attend to the cache up to its own position. q, y: [T, H*d]; k, v: [T, G*d].
     *
     * @param shape one sequence of length T; its {@code causal} is ignored
     */
    void prefill(INDArray q, INDArray k, INDArray v, LayerKvCache cache, AttentionShape shape, INDArray y);

    /**
     * KV cache of one sequence in one decoder layer, {@code float32[G, capacity, d]} for keys and for values. The keys
     * of one head are contiguous, in the order in which attention reads them.
     *
     * @param length number of cached positions
     */
    record LayerKvCache(INDArray keys, INDArray values, int length) {}
}
