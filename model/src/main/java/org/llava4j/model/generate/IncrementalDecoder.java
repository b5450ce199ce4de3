package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.samediff.GraphProgram;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Incremental decoder with a {@link KvCache}, read from the model's graph. SameDiff runs the graph to prefill several
 * prompts at once and exports the keys and values that each attention operation reads. A decode step runs the graph's
 * operations eagerly, as a {@link GraphProgram}, with two differences: attention appends to the KV cache and attends to
 * it, and there are no images to merge into the token embeddings. A step reads each weight once for the whole batch. Sequences of any length
 * may join and leave between two steps. Finished sequences leave their keys and values in a {@link PrefixCache}; of a
 * prompt with a cached prefix, only the suffix is prefilled. That, a single prompt, and any prompt between decode steps
 * are computed eagerly too ({@link PromptPrefill}), which appends each layer's keys and values to the cache at once. Not
 * thread-safe.
 */
final class IncrementalDecoder implements AutoregressiveDecoder {
    private static final String LOGITS = "logits";

    private final Llava model;
    private final PromptForwardPass forward;
    private final GraphProgram step;
    private final CachedAttention attention;
    private final PromptPrograms programs;
    private final Map<Generation, Sequence> sequences = new IdentityHashMap<>();
    private final Map<Generation, Prefilling> prefilling = new IdentityHashMap<>();
    private final PrefixCache prefixes = new PrefixCache();

    /** A running sequence: its prompt and its cache. */
    private record Sequence(PromptTokens prompt, KvCache cache) {}

    /** A sequence whose prompt is prefilled in chunks. */
    private record Prefilling(PromptTokens prompt, PromptPrefill prefill) {}

    IncrementalDecoder(Llava model, PromptForwardPass forward) {
        this.model = model;
        this.forward = forward;
        step = new GraphProgram(model.graph(), LOGITS, PromptPrograms.withoutImages(model));
        attention = new CachedAttention(step.ops(Attention.class));
        programs = new PromptPrograms(model, forward, attention);
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
                start(generation, prompt, prefix);
                logits.put(generation, prefillRest(generation));
            }
        }
        if (whole.size() == 1) {
            whole.forEach((generation, prompt) -> {
                start(generation, prompt, null);
                logits.put(generation, prefillRest(generation));
            });
        } else if (!whole.isEmpty()) {
            prefillWhole(whole, logits);
        }
        return admitted.stream().map(logits::get).toList();
    }

    /** Prefills whole prompts in one run of the graph, and adds the logits of each. */
    private void prefillWhole(Map<Generation, PromptTokens> prompts, Map<Generation, float[]> logits) {
        List<Generation> rows = List.copyOf(prompts.keySet());
        List<Attention> layers = attention.layers();
        List<String> nodes = layers.stream()
                .flatMap(layer -> Stream.of(layer.keys().name(), layer.values().name()))
                .toList();
        try (ArrayScope scope = new ArrayScope()) {
            PromptForwardPass.Result result = forward.run(rows, nodes, scope);
            for (int row = 0; row < rows.size(); row++) {
                int length = result.layout().rowLengths()[row];
                int from =
                        row * result.layout().sequenceLength() + result.layout().rowStarts()[row];
                KvCache cache = attention.newCache(length + rows.get(row).maxNewTokens());
                sequences.put(rows.get(row), new Sequence(Objects.requireNonNull(prompts.get(rows.get(row))), cache));
                for (int i = 0; i < layers.size(); i++) {
                    INDArray k = result.output(layers.get(i).keys().name());
                    INDArray v = result.output(layers.get(i).values().name());
                    attention.append(i, k, v, from, length, cache);
                }
                cache.advance(length);
            }
            List<float[]> all = result.logits();
            for (int row = 0; row < rows.size(); row++) {
                logits.put(rows.get(row), all.get(row));
            }
        }
    }

    @Override
    public PrefillChunk prefillChunk(Generation generation, int maxTokens, BooleanSupplier pause) {
        Prefilling current = prefilling.get(generation);
        if (current == null) {
            step.refreshWeights();
            PromptTokens prompt = PromptTokens.of(generation.prompt(), forward.tokensPerImage());
            current = start(generation, prompt, prefixes.find(prompt));
        }
        PrefillChunk chunk = current.prefill.next(maxTokens, pause);
        if (chunk.logits() != null) {
            prefilling.remove(generation);
            current.prefill.close();
            sequences.put(generation, new Sequence(current.prompt, current.prefill.cache()));
        }
        return chunk;
    }

    /** Prefills the rest of a prompt. */
    private float[] prefillRest(Generation generation) {
        while (true) {
            float[] logits =
                    prefillChunk(generation, Integer.MAX_VALUE, () -> false).logits();
            if (logits != null) {
                return logits;
            }
        }
    }

    /** Starts the prefill of what follows a cached prefix, or of a whole prompt. */
    private Prefilling start(Generation generation, PromptTokens prompt, PrefixCache.@Nullable Prefix prefix) {
        programs.refreshWeights();
        Prompt whole = generation.prompt();
        int ids = prefix == null ? 0 : prefix.ids();
        Prompt suffix = new Prompt(
                Arrays.copyOfRange(whole.ids(), ids, whole.ids().length),
                whole.images().subList(prompt.imageCount(ids), whole.images().size()));
        KvCache cache = attention.newCache(generation.promptLength() + generation.maxNewTokens());
        if (prefix != null) {
            cache.copyPrefix(prefix.cache(), prefix.tokens());
            generation.setCachedTokens(prefix.tokens());
        }
        Prefilling started =
                new Prefilling(prompt, new PromptPrefill(programs, suffix, generation.promptLength(), cache));
        prefilling.put(generation, started);
        return started;
    }

    /** Fills the KV cache with zeros instead of a prompt's keys and values, to measure the decode steps that follow. */
    KvCache prefillZeros(Generation generation, int length) {
        step.refreshWeights();
        KvCache cache = attention.newCache(length + generation.maxNewTokens());
        cache.fillZeros(length);
        PromptTokens prompt = PromptTokens.of(generation.prompt(), forward.tokensPerImage());
        sequences.put(generation, new Sequence(prompt, cache));
        return cache;
    }

    @Override
    public void finish(Generation generation, long maxCacheBytes) {
        Sequence sequence = sequences.remove(generation);
        if (sequence == null) {
            release(generation);
            return;
        }
        KvCache full = sequence.cache;
        PromptTokens tokens = sequence.prompt.withNewTokens(generation.ids(), full.length());
        if (full.isCompact() && full.bytes() <= maxCacheBytes) {
            prefixes.add(tokens, full, maxCacheBytes);
            return;
        }
        try (full) {
            if (full.bytes(full.length()) <= maxCacheBytes) {
                // Without the capacity for tokens that were not generated.
                KvCache copy = attention.newCache(full.length());
                copy.copyPrefix(full, full.length());
                prefixes.add(tokens, copy, maxCacheBytes);
            }
        }
    }

    @Override
    public void release(Generation generation) {
        Sequence sequence = sequences.remove(generation);
        if (sequence != null) {
            sequence.cache.close();
        }
        Prefilling incomplete = prefilling.remove(generation);
        if (incomplete != null) {
            incomplete.prefill.close();
        }
    }

    @Override
    public void close() {
        List.copyOf(sequences.keySet()).forEach(this::release);
        List.copyOf(prefilling.keySet()).forEach(this::release);
        prefixes.close();
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
            INDArray logits = scope.own(step.run(model.withoutDropout(placeholders), attention.decode(rows)));
            rows.forEach(row -> row.advance(1));
            return NativeArray.rows(logits, rows.size());
        }
    }
}
