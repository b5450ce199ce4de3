package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Chooses the tokens of one text as a {@link Sampling} says. */
final class Sampler {
    private final Sampling sampling;
    private final SplittableRandom random;

    Sampler(Sampling sampling) {
        this.sampling = sampling;
        random = new SplittableRandom(sampling.seed());
    }

    /**
     * The next token.
     *
     * @param logits {@code float32[V]}; changed
     * @param text the ids so far; those outside the vocabulary, an image's, have no part
     */
    int next(float[] logits, int[] text) {
        if (sampling.repetitionPenalty() != 1) {
            penalise(logits, text);
        }
        if (sampling.temperature() == 0) {
            return likeliest(logits);
        }
        Candidates candidates = kept(logits);
        double at = random.nextDouble() * candidates.total();
        for (int i = 0; i < candidates.ids.length; i++) {
            at -= candidates.weights[i];
            if (at < 0) {
                return candidates.ids[i];
            }
        }
        return candidates.ids[candidates.ids.length - 1];
    }

    private void penalise(float[] logits, int[] text) {
        float penalty = (float) sampling.repetitionPenalty();
        Arrays.stream(text)
                .filter(id -> id >= 0 && id < logits.length)
                .distinct()
                .forEach(id -> logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty);
    }

    /** The first of the largest. */
    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Tokens and what they weigh: probabilities but for one factor. */
    private record Candidates(int[] ids, double[] weights) {
        double total() {
            return Arrays.stream(weights).sum();
        }
    }

    private Candidates kept(float[] logits) {
        double most = logits[likeliest(logits)];
        double[] weights = new double[logits.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - most) / sampling.temperature());
        }
        int[] ids = IntStream.range(0, weights.length).toArray();
        if (sampling.topK() > 0 && sampling.topK() < ids.length) {
            ids = Arrays.copyOf(sorted(ids, weights), sampling.topK());
        }
        if (sampling.topP() < 1) {
            ids = nucleus(ids, weights);
        }
        return new Candidates(
                ids, Arrays.stream(ids).mapToDouble(id -> weights[id]).toArray());
    }

    /** The smallest set of likeliest tokens that has top-p of all weight. */
    private int[] nucleus(int[] ids, double[] weights) {
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
