package org.llava4j.data.pretraining;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.function.IntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededHash;

/**
 * The paper's selection of captions by noun phrases. Phrases of few captions are ignored. From the rarest of the others
 * up, the captions of a phrase are selected: all, or a random sample of frequent phrases. The sample is a pure function
 * of seed, phrase and caption id, independent of the order of the captions and of where they are processed.
 *
 * @param minCount phrases of fewer captions are ignored (the paper: 3)
 * @param maxPerPhrase maximum number of captions to select for a phrase (the paper: 100)
 * @param countSelected whether captions that were selected for a rarer phrase count towards the maximum; false in the paper's text
 * @param tieOrder order of phrases of equal frequency; matters only with {@code countSelected}
 * @param seed random seed
 */
record RarestFirstSelection(int minCount, int maxPerPhrase, boolean countSelected, TieOrder tieOrder, long seed) {
    /** Parameters of the paper. */
    static final RarestFirstSelection PAPER = new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 42);

    /** Order of phrases of equal frequency. */
    enum TieOrder {
        ALPHABETICAL,
        SEEDED
    }

    public RarestFirstSelection {
        if (minCount < 1 || maxPerPhrase < 1) {
            throw new BadInputException("the minimum count is " + minCount + " and the maximum per phrase "
                    + maxPerPhrase + "; give 1 or more");
        }
    }

    /**
     * Selects captions.
     *
     * @param ids ids of the captions by index
     * @return the selected captions
     */
    BitSet select(ConceptIndex index, IntFunction<String> ids) {
        ConceptIndex.PhrasePostings postings = index.postings();
        BitSet selected = new BitSet(index.captions());
        int[] phrases = IntStream.range(0, index.size())
                .filter(phrase -> index.count(phrase) >= minCount)
                .boxed()
                .sorted(order(index))
                .mapToInt(phrase -> phrase)
                .toArray();
        for (int phrase : phrases) {
            int[] captions = postings.of(phrase);
            int most = maxPerPhrase;
            if (countSelected && captions.length > maxPerPhrase) {
                int all = captions.length;
                captions = Arrays.stream(captions)
                        .filter(caption -> !selected.get(caption))
                        .toArray();
                most = Math.max(0, maxPerPhrase - (all - captions.length));
            }
            Arrays.stream(captions.length <= most ? captions : sample(index.phrase(phrase), captions, most, ids))
                    .forEach(selected::set);
        }
        return selected;
    }

    private Comparator<Integer> order(ConceptIndex index) {
        Comparator<Integer> byCount = Comparator.comparingInt(index::count);
        Comparator<Integer> byPhrase = Comparator.comparing(index::phrase);
        ToLongFunction<Integer> hash = phrase -> SeededHash.bits(seed, index.phrase(phrase), "");
        return tieOrder == TieOrder.SEEDED
                ? byCount.thenComparingLong(hash).thenComparing(byPhrase)
                : byCount.thenComparing(byPhrase);
    }

    /** Samples the captions with the smallest hashes. */
    private int[] sample(String phrase, int[] captions, int most, IntFunction<String> ids) {
        record Hashed(int caption, String id, long hash) {}
        return Arrays.stream(captions)
                .mapToObj(caption -> {
                    String id = ids.apply(caption);
                    return new Hashed(caption, id, SeededHash.bits(seed, phrase, id));
                })
                .sorted(Comparator.comparingLong(Hashed::hash)
                        .thenComparing(Hashed::id)
                        .thenComparingInt(Hashed::caption))
                .limit(most)
                .mapToInt(Hashed::caption)
                .toArray();
    }
}
