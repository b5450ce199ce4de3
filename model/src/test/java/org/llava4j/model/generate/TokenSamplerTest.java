package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

/** Tokens are drawn as their probabilities say, from those that are left. */
class TokenSamplerTest {
    private static final int DRAWS = 100_000;
    private static final float[] LOGITS = {1.5f, -0.3f, 2.2f, 0f, 0.7f, -4f, 2.1f, 1.1f};

    private static long[] drawn(SamplingOptions sampling, float[] logits, int... text) {
        TokenSampler sampler = new TokenSampler(sampling, OutputTokens.of(logits.length, Set.of()));
        long[] counts = new long[logits.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.sample(logits.clone(), text)]++;
        }
        return counts;
    }

    /** exp(logit / temperature) of the tokens that are left, as shares. */
    private static double[] shares(float[] logits, double temperature, int... left) {
        double[] shares = new double[logits.length];
        for (int id : left) {
            shares[id] = Math.exp(logits[id] / temperature);
        }
        double sum = Arrays.stream(shares).sum();
        return Arrays.stream(shares).map(share -> share / sum).toArray();
    }

    /** Pearson's statistic stays under the 99.9 % quantile of its distribution (Wilson and Hilferty's approximation). */
    private static void assertFollows(long[] counts, double[] shares) {
        double statistic = 0;
        int kinds = 0;
        for (int i = 0; i < counts.length; i++) {
            if (shares[i] == 0) {
                assertThat(counts[i]).as("token " + i + " was left out").isZero();
            } else {
                double expected = shares[i] * DRAWS;
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
                kinds++;
            }
        }
        double freedom = kinds - 1;
        double cube = 1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom));
        assertThat(statistic).isLessThan(freedom * cube * cube * cube);
    }

    private static final int[] ALL = IntStream.range(0, LOGITS.length).toArray();

    @Test
    void drawsFollowTheSoftmaxAtEveryTemperature() {
        for (double temperature : new double[] {0.2, 0.7, 1, 3}) {
            assertFollows(drawn(SamplingOptions.at(temperature, 1), LOGITS), shares(LOGITS, temperature, ALL));
        }
    }

    @Test
    void topKKeepsTheLikeliest() {
        assertFollows(drawn(SamplingOptions.at(1, 2).withTopK(3), LOGITS), shares(LOGITS, 1, 2, 6, 0));
        assertFollows(drawn(SamplingOptions.at(1, 2).withTopK(99), LOGITS), shares(LOGITS, 1, ALL));
    }

    @Test
    void topPKeepsTheFewestThatHaveItsMass() {
        double[] shares = shares(LOGITS, 1, ALL);
        double two = shares[2] + shares[6];
        assertFollows(drawn(SamplingOptions.at(1, 3).withTopP(two - 0.001), LOGITS), shares(LOGITS, 1, 2, 6));
        assertFollows(drawn(SamplingOptions.at(1, 3).withTopP(two + 0.001), LOGITS), shares(LOGITS, 1, 2, 6, 0));
        assertFollows(drawn(SamplingOptions.at(1, 3).withTopP(1e-9), LOGITS), shares(LOGITS, 1, 2));
        // Temperature comes first: it makes the same mass narrower.
        assertFollows(drawn(SamplingOptions.at(0.1, 3).withTopP(0.7), LOGITS), shares(LOGITS, 0.1, 2));
    }

    @Test
    void topPAmongTopKCountsWhatTopKLeft() {
        double[] three = shares(LOGITS, 1, 2, 6, 0);
        SamplingOptions sampling = SamplingOptions.at(1, 4).withTopK(3).withTopP(three[2] + three[6] - 0.001);
        assertFollows(drawn(sampling, LOGITS), shares(LOGITS, 1, 2, 6));
    }

    @Test
    void theNucleusOfALargeVocabularyIsThatOfAllSorted() {
        Random random = new Random(5);
        for (int round = 0; round < 50; round++) {
            float[] logits = new float[300];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (float) random.nextGaussian() * 3;
            }
            double[] shares = shares(logits, 1, IntStream.range(0, 300).toArray());
            double topP = 0.05 + 0.9 * random.nextDouble();
            int[] byShare = IntStream.range(0, 300)
                    .boxed()
                    .sorted((a, b) -> Double.compare(shares[b], shares[a]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            double sum = 0;
            int kept = 0;
            while (sum < topP) {
                sum += shares[byShare[kept++]];
            }
            int last = byShare[kept - 1];
            TokenSampler sampler =
                    new TokenSampler(SamplingOptions.at(1, round).withTopP(topP), OutputTokens.of(300, Set.of()));
            for (int i = 0; i < 500; i++) {
                assertThat(shares[sampler.sample(logits.clone(), new int[0])]).isGreaterThanOrEqualTo(shares[last]);
            }
        }
    }

    @Test
    void thePenaltyMakesWhatWasSaidLessLikely() {
        float[] punished = LOGITS.clone();
        punished[2] /= 1.5f;
        punished[5] *= 1.5f;
        // An image's id has no logit, and a token counts once however often it came.
        assertFollows(
                drawn(SamplingOptions.at(1, 6).withRepetitionPenalty(1.5), LOGITS, 2, -200, 5, 2),
                shares(punished, 1, ALL));
        assertThat(new TokenSampler(
                                SamplingOptions.GREEDY.withRepetitionPenalty(1.5),
                                OutputTokens.of(LOGITS.length, Set.of()))
                        .sample(LOGITS.clone(), new int[] {2}))
                .isEqualTo(6);
    }

    @Test
    void theSameSeedDrawsTheSame() {
        assertThat(drawn(SamplingOptions.at(1, 7), LOGITS)).isEqualTo(drawn(SamplingOptions.at(1, 7), LOGITS));
        assertThat(drawn(SamplingOptions.at(1, 7), LOGITS)).isNotEqualTo(drawn(SamplingOptions.at(1, 8), LOGITS));
    }

    @Test
    void withoutTemperatureTheFirstOfTheLikeliestIsTaken() {
        assertThat(new TokenSampler(SamplingOptions.GREEDY, OutputTokens.of(4, Set.of()))
                        .sample(new float[] {0, 3, 3, -1}, new int[0]))
                .isEqualTo(1);
    }

    @Test
    void samplerNeverChoosesIdsWithoutToken() {
        OutputTokens tokens = new OutputTokens(6, Set.of(2), Set.of());
        TokenSampler greedy = new TokenSampler(SamplingOptions.GREEDY, tokens);
        // Rows 6 and 7 are padding of the head, row 2 belongs to no token.
        assertThat(greedy.sample(new float[] {1, 2, 9, 0, 0, 1, 50, Float.NaN}, new int[] {6}))
                .isEqualTo(1);
        for (SamplingOptions sampling : List.of(
                SamplingOptions.at(1, 3),
                SamplingOptions.at(100, 3).withTopK(5),
                SamplingOptions.at(100, 3).withTopP(0.999))) {
            TokenSampler sampler = new TokenSampler(sampling, tokens);
            Set<Integer> chosen = new TreeSet<>();
            for (int i = 0; i < 2000; i++) {
                chosen.add(sampler.sample(new float[] {1, 2, 9, 0, 0, 1, 50, Float.NaN}, new int[] {6, 7}));
            }
            assertThat(chosen).containsExactly(0, 1, 3, 4, 5);
        }
    }

    @Test
    void samplerRejectsNonFiniteLogits() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (SamplingOptions sampling :
                    List.of(SamplingOptions.GREEDY, SamplingOptions.at(1, 3).withTopP(0.9))) {
                TokenSampler sampler = new TokenSampler(sampling, OutputTokens.of(3, Set.of()));
                assertThatThrownBy(() -> sampler.sample(new float[] {1, bad, 3}, new int[0]))
                        .isInstanceOf(NonFiniteLogitsException.class)
                        .hasMessageContaining("1 of the 3 logits");
            }
        }
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        for (Runnable wrong : new Runnable[] {
            () -> SamplingOptions.at(-0.1, 0),
            () -> SamplingOptions.at(Double.NaN, 0),
            () -> SamplingOptions.GREEDY.withTopP(0),
            () -> SamplingOptions.GREEDY.withTopP(1.1),
            () -> SamplingOptions.GREEDY.withTopK(-1),
            () -> SamplingOptions.GREEDY.withRepetitionPenalty(0)
        }) {
            assertThatThrownBy(wrong::run).isInstanceOf(BadInputException.class).hasMessageContaining("must be");
        }
    }
}
