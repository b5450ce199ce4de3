package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Token sampler of one text: applies a {@link SamplingOptions} to the logits of the {@link OutputTokens}. */
final class TokenSampler {
    /** The logit of a masked id: finite, with a probability of 0 beside any other. */
    private static final float MASKED = -Float.MAX_VALUE;

    private final SamplingOptions sampling;
    private final OutputTokens tokens;
    private final SplittableRandom random;

    TokenSampler(SamplingOptions sampling, OutputTokens tokens) {
        this.sampling = sampling;
        this.tokens = tokens;
        random = new SplittableRandom(sampling.seed());
    }

    /**
     * The next token.
     *
     * @param logits {@code float32[V]}; changed
     * @param text the ids so far; those outside the vocabulary, an image's, have no part
     * @throws NonFiniteLogitsException if the logit of a token is NaN or infinite
     */
    int sample(float[] logits, int[] text) {
        tokens.undefined().forEach(id -> logits[id] = MASKED);
        if (sampling.repetitionPenalty() != 1) {
            applyRepetitionPenalty(logits, text);
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

    private void applyRepetitionPenalty(float[] logits, int[] text) {
        float penalty = (float) sampling.repetitionPenalty();
        Arrays.stream(text)
                .filter(id -> id >= 0 && id < tokens.size())
                .distinct()
                .forEach(id -> logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty);
    }

    /** The first of the largest logits, in one pass that also finds those that are not finite. */
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

    /** Tokens and what they weigh: probabilities but for one factor. */
    private record Candidates(int[] ids, double[] weights) {
        double total() {
            return Arrays.stream(weights).sum();
        }
    }

    private Candidates candidates(float[] logits) {
        double most = logits[argmax(logits)];
        double[] weights = new double[tokens.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - most) / sampling.temperature());
        }
        int[] ids =
                IntStream.range(0, weights.length).filter(id -> weights[id] > 0).toArray();
        if (sampling.topK() > 0 && sampling.topK() < ids.length) {
            ids = Arrays.copyOf(sorted(ids, weights), sampling.topK());
        }
        if (sampling.topP() < 1) {
            ids = topP(ids, weights);
        }
        return new Candidates(
                ids, Arrays.stream(ids).mapToDouble(id -> weights[id]).toArray());
    }

    /** The smallest set of likeliest tokens that has top-p of all weight. */
    private int[] topP(int[] ids, double[] weights) {
        double total = Arrays.stream(ids).mapToDouble(id -> weights[id]).sum();
        // All that weigh this little have less than 1 - p together: the set is among the others, and sorting them is
        // fast.
        double least = (1 - sampling.topP()) * total / ids.length;
        int[] heavy =
                sorted(Arrays.stream(ids).filter(id -> weights[id] > least).toArray(), weights);
        double sum = 0;
        for (int i = 0; i < heavy.length; i++) {
            sum += weights[heavy[i]];
            if (sum >= sampling.topP() * total) {
                return Arrays.copyOf(heavy, i + 1);
            }
        }
        return heavy;
    }

    /** By weight, the heaviest first; of equal ones the first in the vocabulary. */
    private static int[] sorted(int[] ids, double[] weights) {
        return Arrays.stream(ids)
                .boxed()
                .sorted((a, b) -> Double.compare(weights[b], weights[a]))
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
