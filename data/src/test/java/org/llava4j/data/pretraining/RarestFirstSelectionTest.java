package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.pretraining.RarestFirstSelection.TieOrder;

/** The rule on a corpus that can be worked out by hand, and what holds on any. */
class RarestFirstSelectionTest {
    /** "rare" twice, "owl" 3 times, "dog" 5 times, "man" 9 times. */
    private static final List<List<String>> CORPUS = List.of(
            List.of("man"), // 0
            List.of("man", "dog"), // 1
            List.of("man", "owl"), // 2
            List.of("rare", "man"), // 3
            List.of("rare"), // 4
            List.of("owl", "dog"), // 5
            List.of("owl"), // 6
            List.of("man", "dog"), // 7
            List.of("man", "dog"), // 8
            List.of("dog"), // 9
            List.of("man"), // 10
            List.of("man"), // 11
            List.of("man"), // 12
            List.of()); // 13

    private static ConceptIndex index(List<List<String>> captions) {
        ConceptIndex index = new ConceptIndex();
        captions.forEach(index::add);
        return index;
    }

    private static Set<Integer> chosen(RarestFirstSelection rule) {
        return rule.select(index(CORPUS), String::valueOf).stream()
                .boxed()
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void allCaptionsOfPhrasesThatAreNotPassedOver() {
        assertThat(chosen(new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 1)))
                .as("of \"rare\" alone nothing is taken, but \"man\" brings one of its captions")
                .containsExactly(0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12);
        assertThat(chosen(new RarestFirstSelection(6, 100, false, TieOrder.ALPHABETICAL, 1)))
                .containsExactly(0, 1, 2, 3, 7, 8, 10, 11, 12);
        assertThat(chosen(new RarestFirstSelection(10, 100, false, TieOrder.ALPHABETICAL, 1)))
                .isEmpty();
    }

    /** Owl brings 2, 5 and 6; of dog's 1, 5, 7, 8 and 9 four are drawn, of man's nine four. */
    @Test
    void ofAFrequentPhraseSoManyAreDrawn() {
        Set<Set<Integer>> seen = new java.util.HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            Set<Integer> chosen = chosen(new RarestFirstSelection(3, 4, false, TieOrder.ALPHABETICAL, seed));
            assertThat(chosen).contains(2, 5, 6).doesNotContain(4, 13);
            assertThat(intersection(chosen, Set.of(1, 5, 7, 8, 9)).size()).isGreaterThanOrEqualTo(4);
            assertThat(intersection(chosen, Set.of(0, 1, 2, 3, 7, 8, 10, 11, 12))
                            .size())
                    .isBetween(4, 8);
            seen.add(chosen);
        }
        assertThat(seen).as("the seed matters").hasSizeGreaterThan(20);
    }

    /**
     * Where the pool counts: owl brings 2, 5, 6; dog then has 5 and gets three more of 1, 7, 8, 9; man has 2 and two or
     * three of 1, 7 and 8, so that at most one more comes, which may be dog's fifth.
     */
    @Test
    void whatIsInThePoolMayCount() {
        for (int seed = 0; seed < 50; seed++) {
            Set<Integer> chosen = chosen(new RarestFirstSelection(3, 4, true, TieOrder.ALPHABETICAL, seed));
            assertThat(chosen).contains(2, 5, 6);
            assertThat(intersection(chosen, Set.of(1, 5, 7, 8, 9)).size()).isBetween(4, 5);
            assertThat(intersection(chosen, Set.of(0, 1, 2, 3, 7, 8, 10, 11, 12)))
                    .hasSize(4);
        }
    }

    private static Set<Integer> intersection(Set<Integer> a, Set<Integer> b) {
        Set<Integer> both = new TreeSet<>(a);
        both.retainAll(b);
        return both;
    }

    /** Captions in another order, as from other files or partitions, give the same choice. */
    @ParameterizedTest
    @EnumSource(TieOrder.class)
    void theOrderOfTheCaptionsDoesNotMatter(TieOrder ties) {
        Random random = new Random(4);
        List<List<String>> corpus = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            corpus.add(IntStream.range(0, random.nextInt(5))
                    .mapToObj(j -> "phrase " + (int) Math.pow(200, random.nextDouble()))
                    .distinct()
                    .toList());
        }
        for (boolean pool : new boolean[] {false, true}) {
            RarestFirstSelection rule = new RarestFirstSelection(3, 20, pool, ties, 9);
            Set<String> expected = ids(rule.select(index(corpus), String::valueOf), String::valueOf);
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, corpus.size()).boxed().toList());
            Collections.shuffle(order, random);
            ConceptIndex shuffled = index(order.stream().map(corpus::get).toList());
            BitSet chosen = rule.select(shuffled, number -> String.valueOf(order.get(number)));
            assertThat(ids(chosen, number -> String.valueOf(order.get(number)))).isEqualTo(expected);
            assertThat(expected.size()).isBetween(100, corpus.size() - 100);
        }
    }

    private static Set<String> ids(BitSet chosen, java.util.function.IntFunction<String> id) {
        return chosen.stream().mapToObj(id).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void theReportCountsWhatWasChosen() {
        ConceptIndex index = index(CORPUS);
        RarestFirstSelection rule = new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 1);
        BitSet onlyOwls = new BitSet();
        onlyOwls.set(2);
        onlyOwls.set(6);
        ConceptReport report = ConceptReport.of(index, onlyOwls, rule);
        assertThat(report.captions()).isEqualTo(14);
        assertThat(report.selected()).isEqualTo(2);
        assertThat(report.phrases()).isEqualTo(4);
        assertThat(report.frequentPhrases()).isEqualTo(3);
        assertThat(report.phrasesAfter()).isEqualTo(2);
        assertThat(report.frequentPhrasesAfter()).isEqualTo(2);
        assertThat(report.coverage()).isEqualTo(2 / 3.0);
        assertThat(report.before())
                .containsExactly(
                        new ConceptReport.Point(1, 9),
                        new ConceptReport.Point(2, 5),
                        new ConceptReport.Point(3, 3),
                        new ConceptReport.Point(4, 2));
        assertThat(report.after()).containsExactly(new ConceptReport.Point(1, 2), new ConceptReport.Point(2, 1));
        assertThat(report.examples())
                .containsExactly(
                        new ConceptReport.Example("man", 9, 1),
                        new ConceptReport.Example("dog", 5, 0),
                        new ConceptReport.Example("owl", 3, 2),
                        new ConceptReport.Example("rare", 2, 0));
    }

    @Test
    void aCountBelowOneIsRefused() {
        assertThatThrownBy(() -> new RarestFirstSelection(0, 100, false, TieOrder.SEEDED, 1))
                .isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> new RarestFirstSelection(3, 0, false, TieOrder.SEEDED, 1))
                .isInstanceOf(BadInputException.class);
    }
}
