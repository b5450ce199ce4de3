package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.generate.SamplingOptions.Penalties;

/** Samples follow the probabilities of the candidate tokens. */
class TokenSamplerTest {
    private static final int SAMPLES = 100_000;
    private static final float[] LOGITS = {1.5f, -0.3f, 2.2f, 0f, 0.7f, -4f, 2.1f, 1.1f};

    private static long[] sampleCounts(SamplingOptions sampling, float[] logits, int... text) {
        TokenSampler sampler = new TokenSampler(sampling, OutputTokens.of(logits.length, Set.of()));
        long[] counts = new long[logits.length];
        for (int i = 0; i < SAMPLES; i++) {
            counts[sampler.sample(logits.clone(), text, 0)]++;
        }
        return counts;
    }

    /** Softmax over the candidate tokens. */
    private static double[] probabilities(float[] logits, double temperature, int... candidates) {
        double[] probabilities = new double[logits.length];
        for (int id : candidates) {
            probabilities[id] = Math.exp(logits[id] / temperature);
        }
        double sum = Arrays.stream(probabilities).sum();
        return Arrays.stream(probabilities).map(share -> share / sum).toArray();
    }

    /** Chi-squared test: Pearson's statistic is below the 99.9 % quantile (Wilson-Hilferty approximation). */
    private static void assertFollows(long[] counts, double[] probabilities) {
        double statistic = 0;
        int categories = 0;
        for (int i = 0; i < counts.length; i++) {
            if (probabilities[i] == 0) {
                assertThat(counts[i]).as("token " + i + " is not a candidate").isZero();
            } else {
                double expected = probabilities[i] * SAMPLES;
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
                categories++;
            }
        }
        double freedom = categories - 1;
        double cube = 1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom));
        assertThat(statistic).isLessThan(freedom * cube * cube * cube);
    }

    private static final int[] ALL = IntStream.range(0, LOGITS.length).toArray();

    @Test
    void samplesFollowSoftmaxAtEveryTemperature() {
        for (double temperature : new double[] {0.2, 0.7, 1, 3}) {
            assertFollows(
                    sampleCounts(SamplingOptions.at(temperature, 1), LOGITS), probabilities(LOGITS, temperature, ALL));
        }
    }

    @Test
    void topKKeepsMostProbable() {
        assertFollows(sampleCounts(SamplingOptions.at(1, 2).withTopK(3), LOGITS), probabilities(LOGITS, 1, 2, 6, 0));
        assertFollows(sampleCounts(SamplingOptions.at(1, 2).withTopK(99), LOGITS), probabilities(LOGITS, 1, ALL));
    }

    @Test
    void topPKeepsSmallestSetWithItsMass() {
        double[] probabilities = probabilities(LOGITS, 1, ALL);
        double two = probabilities[2] + probabilities[6];
        assertFollows(
                sampleCounts(SamplingOptions.at(1, 3).withTopP(two - 0.001), LOGITS), probabilities(LOGITS, 1, 2, 6));
        assertFollows(
                sampleCounts(SamplingOptions.at(1, 3).withTopP(two + 0.001), LOGITS),
                probabilities(LOGITS, 1, 2, 6, 0));
        assertFollows(sampleCounts(SamplingOptions.at(1, 3).withTopP(1e-9), LOGITS), probabilities(LOGITS, 1, 2));
        // Temperature is applied before top-p and concentrates the mass.
        assertFollows(sampleCounts(SamplingOptions.at(0.1, 3).withTopP(0.7), LOGITS), probabilities(LOGITS, 0.1, 2));
    }

    @Test
    void topPAppliesToTopKCandidates() {
        double[] three = probabilities(LOGITS, 1, 2, 6, 0);
        SamplingOptions sampling = SamplingOptions.at(1, 4).withTopK(3).withTopP(three[2] + three[6] - 0.001);
        assertFollows(sampleCounts(sampling, LOGITS), probabilities(LOGITS, 1, 2, 6));
    }

    @Test
    void nucleusOfLargeVocabularyMatchesFullSort() {
        Random random = new Random(5);
        for (int round = 0; round < 50; round++) {
            float[] logits = new float[300];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (float) random.nextGaussian() * 3;
            }
            double[] probabilities =
                    probabilities(logits, 1, IntStream.range(0, 300).toArray());
            double topP = 0.05 + 0.9 * random.nextDouble();
            int[] byProbability = IntStream.range(0, 300)
                    .boxed()
                    .sorted((a, b) -> Double.compare(probabilities[b], probabilities[a]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            double sum = 0;
            int count = 0;
            while (sum < topP) {
                sum += probabilities[byProbability[count++]];
            }
            int last = byProbability[count - 1];
            TokenSampler sampler =
                    new TokenSampler(SamplingOptions.at(1, round).withTopP(topP), OutputTokens.of(300, Set.of()));
            for (int i = 0; i < 500; i++) {
                assertThat(probabilities[sampler.sample(logits.clone(), new int[0], 0)])
                        .isGreaterThanOrEqualTo(probabilities[last]);
            }
        }
    }

    @Test
    void repetitionPenaltyReducesProbability() {
        float[] penalized = LOGITS.clone();
        penalized[2] /= 1.5f;
        penalized[5] *= 1.5f;
        // An image placeholder has no logit, and a repeated token is penalized once.
        assertFollows(
                sampleCounts(SamplingOptions.at(1, 6).withRepetitionPenalty(1.5), LOGITS, 2, -200, 5, 2),
                probabilities(penalized, 1, ALL));
        assertThat(new TokenSampler(
                                SamplingOptions.GREEDY.withRepetitionPenalty(1.5),
                                OutputTokens.of(LOGITS.length, Set.of()))
                        .sample(LOGITS.clone(), new int[] {2}, 0))
                .isEqualTo(6);
    }

    @Test
    void sameSeedGivesSameSamples() {
        assertThat(sampleCounts(SamplingOptions.at(1, 7), LOGITS))
                .isEqualTo(sampleCounts(SamplingOptions.at(1, 7), LOGITS));
        assertThat(sampleCounts(SamplingOptions.at(1, 7), LOGITS))
                .isNotEqualTo(sampleCounts(SamplingOptions.at(1, 8), LOGITS));
    }

    @Test
    void greedyTakesFirstOfLargestLogits() {
        assertThat(new TokenSampler(SamplingOptions.GREEDY, OutputTokens.of(4, Set.of()))
                        .sample(new float[] {0, 3, 3, -1}, new int[0], 0))
                .isEqualTo(1);
    }

    @Test
    void sampleNeverChoosesIdsWithoutToken() {
        OutputTokens tokens = new OutputTokens(6, Set.of(2), Set.of());
        TokenSampler greedy = new TokenSampler(SamplingOptions.GREEDY, tokens);
        // Rows 6 and 7 are padding of the LM head; row 2 has no token.
        assertThat(greedy.sample(new float[] {1, 2, 9, 0, 0, 1, 50, Float.NaN}, new int[] {6}, 0))
                .isEqualTo(1);
        for (SamplingOptions sampling : List.of(
                SamplingOptions.at(1, 3),
                SamplingOptions.at(100, 3).withTopK(5),
                SamplingOptions.at(100, 3).withTopP(0.999))) {
            TokenSampler sampler = new TokenSampler(sampling, tokens);
            Set<Integer> chosen = new TreeSet<>();
            for (int i = 0; i < 2000; i++) {
                chosen.add(sampler.sample(new float[] {1, 2, 9, 0, 0, 1, 50, Float.NaN}, new int[] {6, 7}, 0));
            }
            assertThat(chosen).containsExactly(0, 1, 3, 4, 5);
        }
    }

    @Test
    void sampleRejectsNonFiniteLogits() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (SamplingOptions sampling :
                    List.of(SamplingOptions.GREEDY, SamplingOptions.at(1, 3).withTopP(0.9))) {
                TokenSampler sampler = new TokenSampler(sampling, OutputTokens.of(3, Set.of()));
                assertThatThrownBy(() -> sampler.sample(new float[] {1, bad, 3}, new int[0], 0))
                        .isInstanceOf(NonFiniteLogitsException.class)
                        .hasMessageContaining("1 of the 3 logits");
            }
        }
    }

    @Test
    void optionsRejectValuesOutOfRange() {
        for (Runnable invalid : new Runnable[] {
            () -> SamplingOptions.at(-0.1, 0),
            () -> SamplingOptions.at(Double.NaN, 0),
            () -> SamplingOptions.GREEDY.withTopP(0),
            () -> SamplingOptions.GREEDY.withTopP(1.1),
            () -> SamplingOptions.GREEDY.withTopK(-1),
            () -> SamplingOptions.GREEDY.withRepetitionPenalty(0)
        }) {
            assertThatThrownBy(invalid::run)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("must be");
        }
    }

    @Test
    void penaltiesOfTheAnswerSkipThePrompt() {
        float[] logits = {3, 2.5f, 1};
        int[] sequence = {0, 0, 1, 0, 1}; // the first two are the prompt
        assertThat(greedyWith(new Penalties(1, 0, 0), logits, sequence)).isEqualTo(0);
        // Token 0 occurs once in the answer, token 1 twice: 2.4 and 1.3.
        assertThat(greedyWith(new Penalties(1, 0.6, 0), logits, sequence)).isEqualTo(0);
        assertThat(greedyWith(new Penalties(1, 0.6, 0), logits, new int[] {1, 1, 0, 0, 1}))
                .as("1.8 and 1.9")
                .isEqualTo(1);
        // Both occur: 1 and 0.5, so token 2 has the same logit as token 0.
        assertThat(greedyWith(new Penalties(1, 0, 2), new float[] {3, 2.5f, 1.1f}, sequence))
                .isEqualTo(2);
        assertThat(greedyWith(new Penalties(1, 0, 2), logits, new int[] {0, 1, 2}))
                .isEqualTo(0);
    }

    private static int greedyWith(Penalties penalties, float[] logits, int[] sequence) {
        return new TokenSampler(
                        SamplingOptions.GREEDY.withPenalties(penalties), OutputTokens.of(logits.length, Set.of()))
                .sample(logits.clone(), sequence, 2);
    }

    @Test
    void logitBiasIsAddedAndMinPCutsTheTail() {
        assertThat(new TokenSampler(
                                SamplingOptions.GREEDY.withLogitBias(Map.of(2, 4.0, 99, 5.0)),
                                OutputTokens.of(3, Set.of()))
                        .sample(new float[] {3, 0, 0}, new int[0], 0))
                .isEqualTo(2);
        TokenSampler sampler = new TokenSampler(SamplingOptions.at(1, 5).withMinP(0.3), OutputTokens.of(3, Set.of()));
        Set<Integer> sampled = new TreeSet<>();
        for (int i = 0; i < 300; i++) {
            // Probabilities relative to the largest: 1, 0.37, 0.14.
            sampled.add(sampler.sample(new float[] {2, 1, 0}, new int[0], 0));
        }
        assertThat(sampled).containsExactly(0, 1);
    }

    @Test
    void logprobsAreThoseOfTheSoftmax() {
        TokenLogprobs logprobs = TokenLogprobs.of(
                new float[] {0, (float) Math.log(3), 99, Float.NaN}, new OutputTokens(3, Set.of(2), Set.of()), 0, 5);
        assertThat(logprobs.logprob()).isCloseTo(Math.log(0.25), within(1e-6));
        assertThat(logprobs.top()).extracting(TokenLogprobs.Candidate::id).containsExactly(1, 0);
        assertThat(logprobs.top().get(0).logprob()).isCloseTo(Math.log(0.75), within(1e-6));
    }
}
