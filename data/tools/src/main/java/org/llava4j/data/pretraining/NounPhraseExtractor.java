package org.llava4j.data.pretraining;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import opennlp.tools.postag.POSModel;
import opennlp.tools.tokenize.TokenizerModel;
import opennlp.tools.util.Span;

/**
 * Extractor of noun phrases from English text, with OpenNLP's tokenizer and part-of-speech models. No chunker model is
 * published with them, so a phrase is the longest run of adjectives, nouns and proper nouns that ends in a noun or
 * proper noun: {@code (ADJ | NOUN | PROPN)* (NOUN | PROPN)}. Words joined by a hyphen are one word. Articles and
 * numbers are excluded, so that "a red ball" and "the red ball" are one concept. Not thread-safe; instances share the
 * models.
 */
final class NounPhraseExtractor {
    private static final String TOKENS = "/opennlp-en-ud-ewt-tokens-1.3-2.5.4.bin";
    private static final String TAGS = "/opennlp-en-ud-ewt-pos-1.3-2.5.4.bin";
    private static final String ADJECTIVE = "ADJ";
    private static final Set<String> NOUNS = Set.of("NOUN", "PROPN");

    private final CachedTokenizer tokenizer = new CachedTokenizer(Models.TOKENIZER);
    private final GreedyTagger tagger = new GreedyTagger(Models.TAGGER);
    private final boolean foldCase;

    /**
     * Creates an extractor.
     *
     * @param foldCase whether "Red Ball" and "red ball" are one phrase
     */
    NounPhraseExtractor(boolean foldCase) {
        this.foldCase = foldCase;
    }

    /** Models, loaded when first used. */
    static final class Models {
        static final TokenizerModel TOKENIZER;
        static final POSModel TAGGER;

        static {
            try (InputStream tokens = NounPhraseExtractor.class.getResourceAsStream(TOKENS);
                    InputStream tags = NounPhraseExtractor.class.getResourceAsStream(TAGS)) {
                TOKENIZER = new TokenizerModel(tokens);
                TAGGER = new POSModel(tags);
            } catch (IOException e) {
                throw new IllegalStateException("OpenNLP's models are not on the class path", e);
            }
        }
    }

    /** Returns the distinct phrases of a text, in order of occurrence. */
    List<String> extract(String text) {
        String[] words = words(text);
        return extract(words, tagger.tag(words));
    }

    /** Tokenizes a text with the model, but keeps words joined by a hyphen ("t-shirt") together. */
    private String[] words(String text) {
        List<Span> words = new ArrayList<>();
        boolean joins = false;
        for (Span next : tokenizer.tokenize(text)) {
            int last = words.size() - 1;
            boolean touches = last >= 0 && words.get(last).getEnd() == next.getStart();
            boolean hyphen = next.length() == 1 && text.charAt(next.getStart()) == '-';
            if (touches && (hyphen || joins)) {
                words.set(last, new Span(words.get(last).getStart(), next.getEnd()));
            } else {
                words.add(next);
            }
            joins = touches && hyphen;
        }
        return Span.spansToStrings(words.toArray(new Span[0]), text);
    }

    /** Returns the distinct phrases of words with Universal Dependencies tags. */
    List<String> extract(String[] words, String[] tags) {
        Set<String> phrases = new LinkedHashSet<>();
        int begin = 0;
        while (begin < words.length) {
            int end = begin;
            int nounEnd = begin;
            while (end < words.length && (tags[end].equals(ADJECTIVE) || NOUNS.contains(tags[end]))) {
                end++;
                if (NOUNS.contains(tags[end - 1])) {
                    nounEnd = end;
                }
            }
            if (nounEnd > begin) {
                String phrase = String.join(" ", List.of(words).subList(begin, nounEnd));
                phrases.add(foldCase ? phrase.toLowerCase(Locale.ROOT) : phrase);
            }
            begin = Math.max(end, begin + 1);
        }
        return new ArrayList<>(phrases);
    }
}
