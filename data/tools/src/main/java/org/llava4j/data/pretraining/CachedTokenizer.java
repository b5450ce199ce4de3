package org.llava4j.data.pretraining;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import opennlp.tools.tokenize.TokenizerME;
import opennlp.tools.tokenize.TokenizerModel;
import opennlp.tools.tokenize.WhitespaceTokenizer;
import opennlp.tools.util.Span;

/**
 * Tokenizer with the result of OpenNLP's {@code TokenizerME}, which splits each word between spaces on its own. It
 * keeps the splits of words, since captions share most of them. Not thread-safe.
 */
final class CachedTokenizer {
    /** Longer words are rare, and would let few captions fill the memory. */
    private static final int MAX_WORD_LENGTH = 32;

    private static final int MAX_WORDS = 50_000;

    private final TokenizerME tokenizer;
    private final Map<String, Span[]> splits = new HashMap<>();

    CachedTokenizer(TokenizerModel model) {
        tokenizer = new TokenizerME(model);
    }

    /** The tokens of a text as spans of it. */
    List<Span> tokenize(String text) {
        List<Span> tokens = new ArrayList<>();
        for (Span word : WhitespaceTokenizer.INSTANCE.tokenizePos(text)) {
            for (Span token : split(word.getCoveredText(text).toString())) {
                tokens.add(new Span(token, word.getStart()));
            }
        }
        return tokens;
    }

    private Span[] split(String word) {
        if (word.length() > MAX_WORD_LENGTH) {
            return tokenizer.tokenizePos(word);
        }
        if (splits.size() == MAX_WORDS) {
            splits.clear();
        }
        return splits.computeIfAbsent(word, tokenizer::tokenizePos);
    }
}
