package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.generate.SamplingOptions.Penalties;
import org.llava4j.model.schema.SchemaSequence;

/** Token sampler of one sequence: applies {@link SamplingOptions} to the logits of the {@link OutputTokens}. */
final class TokenSampler {
    /** Logit of a masked id: finite, and so low that its probability is 0. */
    private static final float MASKED = -Float.MAX_VALUE;

    private final SamplingOptions sampling;
    private final OutputTokens tokens;
    private final @Nullable SchemaSequence schema;
    private final SplittableRandom random;

    /** A sampler of any text. */
    TokenSampler(SamplingOptions sampling, OutputTokens tokens) {
        this(sampling, tokens, null);
    }

    /** @param schema masks the tokens that do not fit a schema; null for any text */
    TokenSampler(SamplingOptions sampling, OutputTokens tokens, @Nullable SchemaSequence schema) {
        this.sampling = sampling;
        this.tokens = tokens;
        this.schema = schema;
        random = new SplittableRandom(sampling.seed());
    }

    /**
     * Samples the next token.
     *
     * @param logits {@code float32[V]}; modified
     * @param sequence token ids so far; the repetition penalty skips image placeholders (negative ids)
     * @param promptLength number of ids of the sequence that are not part of the answer
     * @throws NonFiniteLogitsException if the logit of a token is NaN or infinite
     */
    int sample(float[] logits, int[] sequence, int promptLength) {
        tokens.undefined().forEach(id -> logits[id] = MASKED);
        applyPenalties(logits, sequence, promptLength);
        sampling.logitBias().forEach((id, bias) -> {
            if (isOutput(id)) {
                logits[id] += bias.floatValue();
            }
        });
        if (schema != null) {
            requireFinite(logits);
            schema.mask(logits);
        }
        if (sampling.temperature() == 0) {
            return argmax(logits);
        }
        Candidates candidates = candidates(logits);
        double at = random.nextDouble() * candidates.total();
        for (int i = 0; i < candidates.ids.length; i++) {
            at -= candidates.weights[i];
            if (at < 0) {
                return candidates.ids[i];
            }
        }
        return candidates.ids[candidates.ids.length - 1];
    }

    private boolean isOutput(int id) {
        return id >= 0 && id < tokens.size() && !tokens.undefined().contains(id);
    }

    private void applyPenalties(float[] logits, int[] sequence, int promptLength) {
        Penalties penalties = sampling.penalties();
        if (penalties.equals(Penalties.NONE)) {
            return;
        }
        float repetition = (float) penalties.repetition();
        Arrays.stream(sequence)
                .filter(this::isOutput)
                .distinct()
                .forEach(id -> logits[id] = logits[id] < 0 ? logits[id] * repetition : logits[id] / repetition);
        float frequency = (float) penalties.frequency();
        Arrays.stream(sequence, promptLength, sequence.length)
                .filter(this::isOutput)
                .forEach(id -> logits[id] -= frequency);
        float presence = (float) penalties.presence();
        Arrays.stream(sequence, promptLength, sequence.length)
                .filter(this::isOutput)
                .distinct()
                .forEach(id -> logits[id] -= presence);
    }

    /** Checks the logits that a schema masks, too. */
    private void requireFinite(float[] logits) {
        argmax(logits);
    }

    /** The first of the largest logits; the same pass counts NaN and infinite values. */
    private int argmax(float[] logits) {
        int best = 0;
        int nonFinite = 0;
        for (int i = 0; i < tokens.size(); i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
            nonFinite += Math.abs(logits[i]) <= Float.MAX_VALUE ? 0 : 1;
        }
        if (nonFinite > 0) {
            throw new NonFiniteLogitsException(nonFinite, tokens.size());
        }
        return best;
    }

    /** Candidate tokens and their unnormalized probabilities. */
    private record Candidates(int[] ids, double[] weights) {
        double total() {
            return Arrays.stream(weights).sum();
        }
    }

    private Candidates candidates(float[] logits) {
        double max = logits[argmax(logits)];
        double[] weights = new double[tokens.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - max) / sampling.temperature());
        }
        int[] ids =
                IntStream.range(0, weights.length).filter(id -> weights[id] > 0).toArray();
        if (sampling.topK() > 0 && sampling.topK() < ids.length) {
            ids = Arrays.copyOf(sorted(ids, weights), sampling.topK());
        }
        if (sampling.topP() < 1) {
            ids = topP(ids, weights);
        }
        if (sampling.minP() > 0) { // the largest weight is 1
            ids = Arrays.stream(ids)
                    .filter(id -> weights[id] >= sampling.minP())
                    .toArray();
        }
        return new Candidates(
                ids, Arrays.stream(ids).mapToDouble(id -> weights[id]).toArray());
    }

    /** Nucleus: the smallest set of most probable tokens whose probabilities sum to at least top-p. */
    private int[] topP(int[] ids, double[] weights) {
        double total = Arrays.stream(ids).mapToDouble(id -> weights[id]).sum();
        // All tokens below this weight have less than 1 - p in total, so the nucleus is among the others; sorting only
        // those is faster.
        double threshold = (1 - sampling.topP()) * total / ids.length;
        int[] candidates =
                sorted(Arrays.stream(ids).filter(id -> weights[id] > threshold).toArray(), weights);
        double sum = 0;
        for (int i = 0; i < candidates.length; i++) {
            sum += weights[candidates[i]];
            if (sum >= sampling.topP() * total) {
                return Arrays.copyOf(candidates, i + 1);
            }
        }
        return candidates;
    }

    /** Sorted by weight in descending order; ties by token id. */
    private static int[] sorted(int[] ids, double[] weights) {
        return Arrays.stream(ids)
                .boxed()
                .sorted((a, b) -> Double.compare(weights[b], weights[a]))
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
