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
 * The paper's choice of captions: phrases that few captions hold are passed over, and from the rarest of the others up a
 * phrase's captions are taken, all of them or a random so many. What is random is a function of seed, phrase and
 * caption's id alone, not of the captions' order or of where they are read.
 *
 * @param minCount phrases of fewer captions are passed over (the paper: 3)
 * @param maxPerPhrase of a phrase that more captions hold so many are taken (the paper: 100)
 * @param countSelected whether a caption that a rarer phrase brought counts among them; the paper's words say no
 * @param tieOrder in which order phrases of the same count come; of interest only where the pool counts
 * @param seed of what is random
 */
public record RarestFirstSelection(
        int minCount, int maxPerPhrase, boolean countSelected, TieOrder tieOrder, long seed) {
    public static final RarestFirstSelection PAPER = new RarestFirstSelection(3, 100, false, TieOrder.ALPHABETICAL, 42);

    /** Order of phrases with the same count. */
    public enum TieOrder {
        ALPHABETICAL,
        SEEDED;

        /** @throws BadInputException if there is none of this name */
        public static TieOrder named(String name) {
            return switch (name) {
                case "alphabetical" -> ALPHABETICAL;
                case "seeded" -> SEEDED;
                default -> throw new BadInputException("ties are alphabetical or seeded, not " + name);
            };
        }
    }

    public RarestFirstSelection {
        if (minCount < 1 || maxPerPhrase < 1) {
            throw new BadInputException("the least count is " + minCount + " and the most of one phrase " + maxPerPhrase
                    + "; give 1 or more");
        }
    }

    /**
     * Which captions are taken.
     *
     * @param ids of the captions by their number
     */
    public BitSet select(ConceptIndex index, IntFunction<String> ids) {
        ConceptIndex.PhrasePostings holders = index.postings();
        BitSet pool = new BitSet(index.captions());
        int[] phrases = IntStream.range(0, index.size())
                .filter(phrase -> index.count(phrase) >= minCount)
                .boxed()
                .sorted(order(index))
                .mapToInt(phrase -> phrase)
                .toArray();
        for (int phrase : phrases) {
            int[] captions = holders.of(phrase);
            int most = maxPerPhrase;
            if (countSelected && captions.length > maxPerPhrase) {
                int all = captions.length;
                captions = Arrays.stream(captions)
                        .filter(caption -> !pool.get(caption))
                        .toArray();
                most = Math.max(0, maxPerPhrase - (all - captions.length));
            }
            Arrays.stream(captions.length <= most ? captions : sample(index.phrase(phrase), captions, most, ids))
                    .forEach(pool::set);
        }
        return pool;
    }

    private Comparator<Integer> order(ConceptIndex index) {
        Comparator<Integer> byCount = Comparator.comparingInt(index::count);
        Comparator<Integer> byPhrase = Comparator.comparing(index::phrase);
        ToLongFunction<Integer> draw = phrase -> SeededHash.bits(seed, index.phrase(phrase), "");
        return tieOrder == TieOrder.SEEDED
                ? byCount.thenComparingLong(draw).thenComparing(byPhrase)
                : byCount.thenComparing(byPhrase);
    }

    /** Those whose draw is the smallest. */
    private int[] sample(String phrase, int[] captions, int most, IntFunction<String> ids) {
        record Drawn(int caption, String id, long draw) {}
        return Arrays.stream(captions)
                .mapToObj(caption -> {
                    String id = ids.apply(caption);
                    return new Drawn(caption, id, SeededHash.bits(seed, phrase, id));
                })
                .sorted(Comparator.comparingLong(Drawn::draw)
                        .thenComparing(Drawn::id)
                        .thenComparingInt(Drawn::caption))
                .limit(most)
                .mapToInt(Drawn::caption)
                .toArray();
    }
}
