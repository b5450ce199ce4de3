package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.kernels.DecodeAttentionKernels.LayerKvCache;
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
 * may join and leave between two steps. Finished sequences leave their keys and values in a {@link PrefixCache}; of a
 * prompt with a cached prefix, only the suffix is prefilled. Not thread-safe.
 */
final class IncrementalDecoder implements AutoregressiveDecoder {
    private static final String LOGITS = "logits";

    private final Llava model;
    private final PromptForwardPass forward;
    private final Kernels kernels = KernelChoice.kernels();
    private final GraphProgram step;
    private final List<Attention> layers;
    private final Map<GraphOp, Integer> layerIndices = new IdentityHashMap<>();
    private final Map<Generation, Sequence> sequences = new IdentityHashMap<>();
    private final PrefixCache prefixes = new PrefixCache();

    /** Logits after a prompt's suffix of text; created when first used, as the next. */
    private @Nullable GraphProgram textSuffix;

    private @Nullable GraphProgram imageSuffix;

    /** A running sequence: its prompt and its cache. */
    private record Sequence(PromptTokens prompt, KvCache cache) {}

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
    public List<float[]> prefill(List<Generation> admitted) {
        step.refreshWeights();
        Map<Generation, float[]> logits = new IdentityHashMap<>();
        // Images are identified before they are read: a file that changes in between is not found under its new
        // version.
        Map<Generation, PromptTokens> whole = new LinkedHashMap<>();
        for (Generation generation : admitted) {
            PromptTokens prompt = PromptTokens.of(generation.prompt(), forward.tokensPerImage());
            PrefixCache.Prefix prefix = prefixes.find(prompt);
            if (prefix == null) {
                whole.put(generation, prompt);
            } else {
                logits.put(generation, prefillSuffix(prefix, generation, prompt));
            }
        }
        if (!whole.isEmpty()) {
            prefillWhole(whole, logits);
        }
        return admitted.stream().map(logits::get).toList();
    }

    /** Prefills whole prompts in one run of the graph, and adds the logits of each. */
    private void prefillWhole(Map<Generation, PromptTokens> prompts, Map<Generation, float[]> logits) {
        List<Generation> rows = List.copyOf(prompts.keySet());
        List<String> nodes = layers.stream()
                .flatMap(layer -> Stream.of(layer.keys().name(), layer.values().name()))
                .toList();
        try (ArrayScope scope = new ArrayScope()) {
            PromptForwardPass.Result result = forward.run(rows, nodes, scope);
            for (int row = 0; row < rows.size(); row++) {
                int length = result.layout().rowLengths()[row];
                int from =
                        row * result.layout().sequenceLength() + result.layout().rowStarts()[row];
                KvCache cache = new KvCache(layers, length + rows.get(row).maxNewTokens());
                for (int i = 0; i < layers.size(); i++) {
                    INDArray k = result.output(layers.get(i).keys().name());
                    INDArray v = result.output(layers.get(i).values().name());
                    kernels.decodeAttention().append(k, v, from, length, cache.layer(i));
                }
                cache.advance(length);
                sequences.put(rows.get(row), new Sequence(Objects.requireNonNull(prompts.get(rows.get(row))), cache));
            }
            List<float[]> all = result.logits();
            for (int row = 0; row < rows.size(); row++) {
                logits.put(rows.get(row), all.get(row));
            }
        }
    }

    /**
     * Prefills the suffix of a prompt whose prefix is cached. Its tokens are the rows of one run of the graph's operations;
     * each attends to the cache up to its own position.
     */
    private float[] prefillSuffix(PrefixCache.Prefix prefix, Generation generation, PromptTokens prompt) {
        Prompt whole = generation.prompt();
        Prompt suffix = new Prompt(
                Arrays.copyOfRange(whole.ids(), prefix.ids(), whole.ids().length),
                whole.images()
                        .subList(prompt.imageCount(prefix.ids()), whole.images().size()));
        Map<String, INDArray> in = forward.suffixInputs(suffix, prefix.tokens());
        KvCache cache = new KvCache(layers, generation.promptLength() + generation.maxNewTokens());
        try (ArrayScope scope = new ArrayScope()) {
            cache.copyPrefix(prefix.cache(), prefix.tokens());
            int count = generation.promptLength() - prefix.tokens();
            INDArray logits = scope.own(suffixProgram(suffix)
                    .run(
                            model.withoutDropout(in),
                            (op, inputs, out) -> attendToCache(op, inputs, out, layer -> cache.next(layer, count))));
            cache.advance(count);
            generation.setCachedTokens(prefix.tokens());
            sequences.put(generation, new Sequence(prompt, cache));
            return NativeArray.rows(logits, 1).get(0);
        } catch (RuntimeException | Error e) {
            cache.close();
            throw e;
        }
    }

    private GraphProgram suffixProgram(Prompt suffix) {
        if (suffix.images().isEmpty()) {
            if (textSuffix == null) {
                textSuffix = new GraphProgram(model.graph(), PromptForwardPass.TARGET_LOGITS, withoutImages(model));
            }
            return textSuffix;
        }
        if (imageSuffix == null) {
            imageSuffix = new GraphProgram(model.graph(), PromptForwardPass.TARGET_LOGITS, Map.of());
        }
        return imageSuffix;
    }

    /** Fills the KV cache with zeros instead of a prompt's keys and values, to measure the decode steps that follow. */
    KvCache prefillZeros(Generation generation, int length) {
        step.refreshWeights();
        KvCache cache = new KvCache(layers, length + generation.maxNewTokens());
        cache.fillZeros(length);
        PromptTokens prompt = PromptTokens.of(generation.prompt(), forward.tokensPerImage());
        sequences.put(generation, new Sequence(prompt, cache));
        return cache;
    }

    @Override
    public void finish(Generation generation, long maxCacheBytes) {
        Sequence sequence = sequences.remove(generation);
        if (sequence == null) {
            return;
        }
        try (KvCache full = sequence.cache) {
            if (full.bytes(full.length()) <= maxCacheBytes) {
                // Without the capacity for tokens that were not generated.
                KvCache copy = new KvCache(layers, full.length());
                copy.copyPrefix(full, full.length());
                prefixes.add(sequence.prompt.withNewTokens(generation.ids(), full.length()), copy, maxCacheBytes);
            }
        }
    }

    @Override
    public void release(Generation generation) {
        Sequence sequence = sequences.remove(generation);
        if (sequence != null) {
            sequence.cache.close();
        }
    }

    @Override
    public List<float[]> decodeStep(List<Generation> running) {
        List<KvCache> rows = running.stream()
                .map(generation -> Objects.requireNonNull(sequences.get(generation)).cache)
                .toList();
        int[] tokens = running.stream().mapToInt(Generation::lastToken).toArray();
        int[] positions = rows.stream().mapToInt(KvCache::length).toArray();
        Map<String, INDArray> placeholders = Map.of(
                Llava.INPUT_IDS, Nd4j.createFromArray(tokens).reshape(tokens.length, 1),
                Llava.POSITIONS, Nd4j.createFromArray(positions),
                Llava.ROW_STARTS, Nd4j.createFromArray(new int[tokens.length]));
        try (ArrayScope scope = new ArrayScope()) {
            INDArray logits = scope.own(step.run(
                    model.withoutDropout(placeholders),
                    (op, in, out) -> attendToCache(
                            op,
                            in,
                            out,
                            layer -> rows.stream().map(row -> row.layer(layer)).toList())));
            rows.forEach(row -> row.advance(1));
            return NativeArray.rows(logits, rows.size());
        }
    }

    /**
     * Computes an attention operation on KV caches; returns false for other operations.
     *
     * @param caches the caches of a layer, one per row
     */
    private boolean attendToCache(
            GraphOp op, List<INDArray> in, List<INDArray> out, IntFunction<List<LayerKvCache>> caches) {
        Integer layer = layerIndices.get(op);
        if (layer == null) {
            return false;
        }
        List<LayerKvCache> rows = caches.apply(layer);
        kernels.decodeAttention()
                .decode(
                        in.get(0),
                        in.get(1),
                        in.get(2),
                        rows,
                        layers.get(layer).causalShape(rows.size(), 1),
                        out.get(0));
        return true;
    }
}
