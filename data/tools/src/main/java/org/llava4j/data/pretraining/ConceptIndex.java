package org.llava4j.data.pretraining;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Index of captions and their noun phrases. It holds each distinct phrase once and four bytes per occurrence. */
final class ConceptIndex {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> phrases = new ArrayList<>();
    private int[] counts = new int[1024];
    private int[] postings = new int[4096]; // phrases of caption i: starts[i] to starts[i + 1]
    private int[] starts = new int[1024];
    private int captions;

    /** Adds the distinct phrases of the next caption. */
    void add(List<String> ofCaption) {
        int end = starts[captions];
        for (String phrase : ofCaption) {
            int number = numbers.computeIfAbsent(phrase, added -> {
                phrases.add(added);
                return phrases.size() - 1;
            });
            counts = grown(counts, number);
            counts[number]++;
            postings = grown(postings, end);
            postings[end++] = number;
        }
        captions++;
        starts = grown(starts, captions);
        starts[captions] = end;
    }

    private static int[] grown(int[] array, int index) {
        return index < array.length ? array : Arrays.copyOf(array, Math.max(index + 1, array.length * 3 / 2));
    }

    /** Returns the number of captions. */
    int captions() {
        return captions;
    }

    /** Returns the number of distinct phrases. */
    int size() {
        return phrases.size();
    }

    /** Returns the text of a phrase. */
    String phrase(int number) {
        return phrases.get(number);
    }

    /** Returns the number of captions that contain a phrase. */
    int count(int phrase) {
        return counts[phrase];
    }

    /** Returns the number of captions of a subset that contain each phrase. */
    int[] counts(java.util.BitSet among) {
        int[] found = new int[size()];
        among.stream().forEach(caption -> {
            for (int i = starts[caption]; i < starts[caption + 1]; i++) {
                found[postings[i]]++;
            }
        });
        return found;
    }

    /** Returns the captions that contain each phrase, ascending. */
    PhrasePostings postings() {
        int[] from = new int[size() + 1];
        for (int phrase = 0; phrase < size(); phrase++) {
            from[phrase + 1] = from[phrase] + counts[phrase];
        }
        int[] next = from.clone();
        int[] all = new int[from[size()]];
        for (int caption = 0; caption < captions; caption++) {
            for (int i = starts[caption]; i < starts[caption + 1]; i++) {
                all[next[postings[i]]++] = caption;
            }
        }
        return new PhrasePostings(all, from);
    }

    /** Inverted index: captions by phrase. */
    static final class PhrasePostings {
        private final int[] all;
        private final int[] from;

        private PhrasePostings(int[] all, int[] from) {
            this.all = all;
            this.from = from;
        }

        int[] of(int phrase) {
            return Arrays.copyOfRange(all, from[phrase], from[phrase + 1]);
        }
    }
}
