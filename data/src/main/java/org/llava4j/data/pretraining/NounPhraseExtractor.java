package org.llava4j.data.pretraining;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import opennlp.tools.postag.POSModel;
import opennlp.tools.postag.POSTaggerME;
import opennlp.tools.tokenize.TokenizerME;
import opennlp.tools.tokenize.TokenizerModel;
import opennlp.tools.util.Span;

/**
 * The noun phrases of English text by OpenNLP's tokenizer and part-of-speech models. No chunker model is published
 * with them, so a phrase is the longest run of adjectives, nouns and names that ends in a noun or name:
 * {@code (ADJ | NOUN | PROPN)* (NOUN | PROPN)}. What a hyphen joins is one word. Articles and numbers are left out: "a red ball" and "the red ball" are one
 * concept. One thread at a time; the models are shared.
 */
public final class NounPhraseExtractor {
    private static final String TOKENS = "/opennlp-en-ud-ewt-tokens-1.3-2.5.4.bin";
    private static final String TAGS = "/opennlp-en-ud-ewt-pos-1.3-2.5.4.bin";
    private static final String ADJECTIVE = "ADJ";
    private static final Set<String> NOUNS = Set.of("NOUN", "PROPN");

    private final TokenizerME tokenizer = new TokenizerME(Models.TOKENIZER);
    private final POSTaggerME tagger = new POSTaggerME(Models.TAGGER);
    private final boolean foldCase;

    /** @param foldCase whether "Red Ball" and "red ball" are one phrase */
    public NounPhraseExtractor(boolean foldCase) {
        this.foldCase = foldCase;
    }

    /** Loaded when first used. */
    private static final class Models {
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

    /** The different phrases of a text, in the order in which they come. */
    public List<String> extract(String text) {
        String[] words = words(text);
        return extract(words, tagger.tag(words));
    }

    /** The model's words, but "t-shirt" is one. */
    private String[] words(String text) {
        List<Span> words = new ArrayList<>();
        boolean joins = false;
        for (Span next : tokenizer.tokenizePos(text)) {
            Span last = words.isEmpty() ? null : words.get(words.size() - 1);
            boolean touches = last != null && last.getEnd() == next.getStart();
            boolean hyphen = next.length() == 1 && text.charAt(next.getStart()) == '-';
            if (touches && (hyphen || joins)) {
                words.set(words.size() - 1, new Span(last.getStart(), next.getEnd()));
            } else {
                words.add(next);
            }
            joins = touches && hyphen;
        }
        return Span.spansToStrings(words.toArray(new Span[0]), text);
    }

    /** The same of words that have been tagged, with Universal Dependencies' tags. */
    List<String> extract(String[] words, String[] tags) {
        Set<String> phrases = new LinkedHashSet<>();
        int begin = 0;
        while (begin < words.length) {
            int end = begin;
            int behindNoun = begin;
            while (end < words.length && (tags[end].equals(ADJECTIVE) || NOUNS.contains(tags[end]))) {
                end++;
                if (NOUNS.contains(tags[end - 1])) {
                    behindNoun = end;
                }
            }
            if (behindNoun > begin) {
                String phrase = String.join(" ", List.of(words).subList(begin, behindNoun));
                phrases.add(foldCase ? phrase.toLowerCase(Locale.ROOT) : phrase);
            }
            begin = Math.max(end, begin + 1);
        }
        return new ArrayList<>(phrases);
    }
}
