package org.llava4j.model.generate;

import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Prefill of one prompt, or of what follows its cached prefix, in chunks of any length. The prompt's embeddings, image
 * tokens included, are computed first, so that a chunk may begin and end anywhere, also inside an image. A chunk's
 * tokens are the rows of one run of the graph's operations; each attends to the KV cache up to its own position.
 * Closing it before the last chunk releases the KV cache.
 */
final class PromptPrefill implements AutoCloseable {
    private final PromptPrograms programs;
    private final Prompt suffix;
    private final int promptLength;
    private final KvCache cache;
    private final ArrayScope scope = new ArrayScope();
    private @Nullable INDArray embeddings;
    private int embedded;
    private boolean done;

    /**
     * @param suffix ids and images after the cached prefix
     * @param promptLength of the whole prompt in tokens, image tokens included
     * @param cache holds the prefix; has room for the whole prompt
     */
    PromptPrefill(PromptPrograms programs, Prompt suffix, int promptLength, KvCache cache) {
        this.programs = programs;
        this.suffix = suffix;
        this.promptLength = promptLength;
        this.cache = cache;
    }

    /** The KV cache, which belongs to the caller after the last chunk. */
    KvCache cache() {
        return cache;
    }

    /**
     * Computes the next chunk. Of a prompt with images, the first calls run the vision tower instead.
     *
     * @param maxTokens maximum number of its tokens, at least 1
     * @param pause whether the vision tower is to pause
     */
    PrefillChunk next(int maxTokens, BooleanSupplier pause) {
        INDArray all = embeddings;
        if (all == null) {
            if (!programs.prepareImages(suffix, pause)) {
                return PrefillChunk.IMAGES;
            }
            all = scope.own(programs.embed(suffix));
            embeddings = all;
            if (!suffix.images().isEmpty()) {
                return PrefillChunk.IMAGES;
            }
        }
        int count = Math.min(maxTokens, promptLength - cache.length());
        boolean last = cache.length() + count == promptLength;
        Map<String, INDArray> in = Map.of(
                PromptPrograms.EMBEDDINGS,
                all.get(NDArrayIndex.interval(embedded, embedded + count), NDArrayIndex.all()),
                Llava.POSITIONS,
                Nd4j.createFromArray(
                        IntStream.range(cache.length(), cache.length() + count).toArray()),
                Llava.ROW_STARTS,
                Nd4j.createFromArray(0),
                Llava.TARGET_ROWS,
                Nd4j.createFromArray(count - 1));
        float[] logits = null;
        try (ArrayScope outputs = new ArrayScope()) {
            INDArray output = outputs.own(programs.run(last, in, cache, count));
            if (last) {
                logits = NativeArray.rows(output, 1).get(0);
            }
        }
        cache.advance(count);
        embedded += count;
        done = last;
        return new PrefillChunk(count, logits);
    }

    @Override
    public void close() {
        scope.close();
        if (!done) {
            cache.close();
        }
    }
}
