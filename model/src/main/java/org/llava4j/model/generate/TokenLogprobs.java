package org.llava4j.model.generate;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Log-probabilities of a generated token and its alternatives: the log-softmax of the model's logits, before penalties,
 * bias and temperature.
 *
 * @param id the token
 * @param logprob its natural log-probability
 * @param top the most probable tokens, most probable first; empty if none were asked for
 */
public record TokenLogprobs(int id, double logprob, List<Candidate> top) {

    /** A token that could have been chosen, with its natural log-probability. */
    public record Candidate(int id, double logprob) {}

    /**
     * Computes the log-probabilities of a token.
     *
     * @param logits {@code float32[V]}
     * @param token the chosen token
     * @param count number of most probable tokens
     */
    static TokenLogprobs of(float[] logits, OutputTokens tokens, int token, int count) {
        int[] ids = IntStream.range(0, tokens.size())
                .filter(id -> !tokens.undefined().contains(id))
                .toArray();
        double max = IntStream.of(ids).mapToDouble(id -> logits[id]).max().orElseThrow();
        double logSum = max
                + Math.log(IntStream.of(ids)
                        .mapToDouble(id -> Math.exp(logits[id] - max))
                        .sum());
        List<Candidate> top = count == 0
                ? List.of()
                : IntStream.of(ids)
                        .mapToObj(id -> new Candidate(id, logits[id] - logSum))
                        .sorted(Comparator.comparingDouble(Candidate::logprob).reversed())
                        .limit(count)
                        .toList();
        return new TokenLogprobs(token, logits[token] - logSum, top);
    }
}
