package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

class WeightedMixtureTest {
    private static final long SEED = 42;

    @Test
    void concatDatasetReturnsSamplesOfAllSources() {
        ConcatDataset concat = new ConcatDataset(List.of(source("a", 3), source("b", 1), source("c", 2)));
        assertThat(concat.size()).isEqualTo(6);
        assertThat(IntStream.range(0, 6).mapToObj(number -> concat.get(number).id()))
                .containsExactly("a0", "a1", "a2", "b0", "c0", "c1");
        assertThat(IntStream.range(0, 6).map(concat::sourceOf)).containsExactly(0, 0, 0, 1, 2, 2);
        assertThat(concat.image(5, "x.png")).isEqualTo(Path.of("images-c", "x.png"));
        assertThat(concat.where(3)).isEqualTo("sample 0");
        assertThat(positions(concat.order(SEED, 0), 6)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
    }

    /** A million samples follow the weights within five standard deviations. */
    @Test
    void samplerFollowsWeights() {
        int count = 500_000;
        MixtureSampler sampler = new MixtureSampler(List.of(7.0, 2.0, 1.0), SEED);
        long[] counts = new long[3];
        long[] pairs = new long[9];
        for (int epoch = 0; epoch < 2; epoch++) {
            int before = 0;
            for (int at = 0; at < count; at++) {
                int source = sampler.source(epoch, at);
                counts[source]++;
                pairs[3 * before + source]++;
                before = source;
            }
        }
        double[] share = {0.7, 0.2, 0.1};
        for (int i = 0; i < 3; i++) {
            assertThat(counts[i] / 1e6).isCloseTo(share[i], within(5 * Math.sqrt(share[i] * (1 - share[i]) / 1e6)));
            for (int j = 0; j < 3; j++) {
                double both = share[i] * share[j];
                assertThat(pairs[3 * i + j] / 1e6)
                        .as("consecutive choices are independent")
                        .isCloseTo(both, within(5 * Math.sqrt(both * (1 - both) / 1e6)));
            }
        }
    }

    /** The samples of a source across epochs are complete shuffles of it, each different. */
    @Test
    void mixtureReshufflesExhaustedSource() {
        int small = 5;
        WeightedMixture samples = new WeightedMixture(List.of(source("a", 40), source("b", small)), List.of(0.5, 0.5));
        List<Integer> ofSmall = new ArrayList<>();
        List<Integer> ofLarge = new ArrayList<>();
        for (int epoch = 0; epoch < 20; epoch++) {
            for (int number : positions(samples.order(SEED, epoch), samples.size())) {
                (samples.sourceOf(number) == 0 ? ofLarge : ofSmall).add(number);
            }
        }
        assertThat(ofSmall.size() + ofLarge.size()).isEqualTo(20 * 45);
        assertThat(shuffles(ofSmall, small)).hasSizeGreaterThan(50);
        assertThat(shuffles(ofLarge, 40)).hasSizeGreaterThan(5).doesNotHaveDuplicates();
        assertThat(new HashSet<>(shuffles(ofSmall, small)))
                .as("shuffles differ")
                .hasSizeGreaterThan(25);
    }

    private static List<List<Integer>> shuffles(List<Integer> sampled, int size) {
        List<List<Integer>> shuffles = new ArrayList<>();
        for (int from = 0; from + size <= sampled.size(); from += size) {
            List<Integer> shuffle = sampled.subList(from, from + size);
            assertThat(shuffle).doesNotHaveDuplicates();
            shuffles.add(shuffle);
        }
        return shuffles;
    }

    @Test
    void orderIsIndependentOfEarlierCalls() {
        Map<Long, int[]> orders = new HashMap<>();
        WeightedMixture onward = weighted();
        for (long epoch = 0; epoch < 9; epoch++) {
            orders.put(epoch, positions(onward.order(SEED, epoch), onward.size()));
        }
        assertThat(positions(weighted().order(SEED, 7), 16)).isEqualTo(orders.get(7L));
        for (long epoch : new long[] {4, 2, 8, 8}) {
            assertThat(positions(onward.order(SEED, epoch), 16)).isEqualTo(orders.get(epoch));
        }
        assertThat(positions(onward.order(SEED + 1, 8), 16)).isNotEqualTo(orders.get(8L));
    }

    @Test
    void constructorRejectsInvalidWeights() {
        List<ConversationDataset> two = List.of(source("a", 3), source("b", 2));
        assertRefused(two, List.of(1.0), "1 weights for 2 sources");
        assertRefused(two, List.of(1.0, 0.0), "the weight of a source is 0.0; give a number above 0");
        assertRefused(two, List.of(-1.0, 1.0), "the weight of a source is -1.0");
        assertRefused(two, List.of(Double.NaN, 1.0), "the weight of a source is NaN");
        assertRefused(two, List.of(1.0, Double.POSITIVE_INFINITY), "the weight of a source is Infinity");
        assertRefused(List.of(source("a", 3), source("b", 0)), List.of(1.0, 1.0), "source 2 has no samples");
        assertThatThrownBy(() -> new MixtureSampler(List.of(1e308, 1e308), SEED))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("infinite sum");
    }

    private static void assertRefused(List<ConversationDataset> sources, List<Double> weights, String message) {
        assertThatThrownBy(() -> new WeightedMixture(sources, weights))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    private static WeightedMixture weighted() {
        return new WeightedMixture(List.of(source("a", 11), source("b", 5)), List.of(1.0, 3.0));
    }

    private static int[] positions(IntUnaryOperator order, int size) {
        return IntStream.range(0, size).map(order).toArray();
    }

    private static ConversationDataset source(String name, int size) {
        List<Conversation> samples = IntStream.range(0, size)
                .mapToObj(i -> new Conversation(name + i, List.of(), List.of(Turn.human("q"), Turn.gpt("a"))))
                .toList();
        return ConversationDataset.of(samples, Path.of("images-" + name));
    }
}
