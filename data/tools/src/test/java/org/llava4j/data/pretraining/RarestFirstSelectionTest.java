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

/** Selection on a corpus that can be worked out by hand, and invariants on random corpora. */
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

    private static Set<Integer> select(RarestFirstSelection selection) {
        return selection.select(index(CORPUS), String::valueOf).stream()
                .boxed()
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void selectTakesAllCaptionsOfFrequentPhrases() {
        assertThat(select(new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 1)))
                .as("\"rare\" itself is ignored, but \"man\" selects one of its captions")
                .containsExactly(0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12);
        assertThat(select(new RarestFirstSelection(6, 100, false, TieOrder.ALPHABETICAL, 1)))
                .containsExactly(0, 1, 2, 3, 7, 8, 10, 11, 12);
        assertThat(select(new RarestFirstSelection(10, 100, false, TieOrder.ALPHABETICAL, 1)))
                .isEmpty();
    }

    /** "owl" selects 2, 5 and 6; of 1, 5, 7, 8 and 9 "dog" samples four, and "man" samples four of its nine. */
    @Test
    void selectSamplesCaptionsOfVeryFrequentPhrases() {
        Set<Set<Integer>> seen = new java.util.HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            Set<Integer> selected = select(new RarestFirstSelection(3, 4, false, TieOrder.ALPHABETICAL, seed));
            assertThat(selected).contains(2, 5, 6).doesNotContain(4, 13);
            assertThat(intersection(selected, Set.of(1, 5, 7, 8, 9)).size()).isGreaterThanOrEqualTo(4);
            assertThat(intersection(selected, Set.of(0, 1, 2, 3, 7, 8, 10, 11, 12))
                            .size())
                    .isBetween(4, 8);
            seen.add(selected);
        }
        assertThat(seen).as("the seed matters").hasSizeGreaterThan(20);
    }

    /**
     * With {@code countSelected}: "owl" selects 2, 5, 6; "dog" then has 5 and samples three more of 1, 7, 8, 9; "man"
     * has 2 and two or three of 1, 7 and 8, so that at most one more is selected, which may be the fifth of "dog".
     */
    @Test
    void selectCountsSelectedCaptionsOnRequest() {
        for (int seed = 0; seed < 50; seed++) {
            Set<Integer> selected = select(new RarestFirstSelection(3, 4, true, TieOrder.ALPHABETICAL, seed));
            assertThat(selected).contains(2, 5, 6);
            assertThat(intersection(selected, Set.of(1, 5, 7, 8, 9)).size()).isBetween(4, 5);
            assertThat(intersection(selected, Set.of(0, 1, 2, 3, 7, 8, 10, 11, 12)))
                    .hasSize(4);
        }
    }

    private static Set<Integer> intersection(Set<Integer> a, Set<Integer> b) {
        Set<Integer> both = new TreeSet<>(a);
        both.retainAll(b);
        return both;
    }

    /** Captions in another order, as from other files or partitions, give the same selection. */
    @ParameterizedTest
    @EnumSource(TieOrder.class)
    void selectIsIndependentOfCaptionOrder(TieOrder ties) {
        Random random = new Random(4);
        List<List<String>> corpus = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            corpus.add(IntStream.range(0, random.nextInt(5))
                    .mapToObj(j -> "phrase " + (int) Math.pow(200, random.nextDouble()))
                    .distinct()
                    .toList());
        }
        for (boolean countSelected : new boolean[] {false, true}) {
            RarestFirstSelection selection = new RarestFirstSelection(3, 20, countSelected, ties, 9);
            Set<String> expected = ids(selection.select(index(corpus), String::valueOf), String::valueOf);
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, corpus.size()).boxed().toList());
            Collections.shuffle(order, random);
            ConceptIndex shuffled = index(order.stream().map(corpus::get).toList());
            BitSet selected = selection.select(shuffled, number -> String.valueOf(order.get(number)));
            assertThat(ids(selected, number -> String.valueOf(order.get(number))))
                    .isEqualTo(expected);
            assertThat(expected.size()).isBetween(100, corpus.size() - 100);
        }
    }

    private static Set<String> ids(BitSet selected, java.util.function.IntFunction<String> id) {
        return selected.stream().mapToObj(id).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void reportCountsPhrasesOfSelectedCaptions() {
        ConceptIndex index = index(CORPUS);
        RarestFirstSelection selection = new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 1);
        BitSet onlyOwls = new BitSet();
        onlyOwls.set(2);
        onlyOwls.set(6);
        ConceptReport report = ConceptReport.of(index, onlyOwls, selection);
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
    void constructorRejectsCountsBelowOne() {
        assertThatThrownBy(() -> new RarestFirstSelection(0, 100, false, TieOrder.SEEDED, 1))
                .isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> new RarestFirstSelection(3, 0, false, TieOrder.SEEDED, 1))
                .isInstanceOf(BadInputException.class);
    }
}
