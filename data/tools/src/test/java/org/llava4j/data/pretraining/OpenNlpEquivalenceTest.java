package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import opennlp.tools.postag.POSTaggerME;
import opennlp.tools.tokenize.TokenizerME;
import opennlp.tools.util.Span;
import org.junit.jupiter.api.Test;
import org.llava4j.data.synthetic.TextCorpus;

/** The fast tokenizer and tagger give what OpenNLP's own classes give. */
class OpenNlpEquivalenceTest {
    private static final int TEXTS = 1000;
    private static final String[] JOINTS = {
        " ", "  ", "\n", "-", ", ", ". ", "'s ", " (", ")", "/", "\"", "... ", "\u00e9", "\ud83d\ude00 "
    };

    private final TokenizerME tokenizer = new TokenizerME(NounPhraseExtractor.Models.TOKENIZER);
    private final POSTaggerME tagger = new POSTaggerME(NounPhraseExtractor.Models.TAGGER);
    private final CachedTokenizer cachedTokenizer = new CachedTokenizer(NounPhraseExtractor.Models.TOKENIZER);
    private final GreedyTagger greedyTagger = new GreedyTagger(NounPhraseExtractor.Models.TAGGER);

    /** Sentences of the synthetic corpus, with their words in other orders and with other characters between them. */
    private static Stream<String> texts() {
        SplittableRandom random = new SplittableRandom(5);
        List<String> sentences = TextCorpus.texts(5, TEXTS).limit(TEXTS).toList();
        List<String> words = new ArrayList<>(sentences.stream()
                .flatMap(text -> Arrays.stream(text.split("\\s+")))
                .distinct()
                .toList());
        words.addAll(List.of(
                "Dr.",
                "don't",
                "U.S.",
                "t-shirt",
                "3.5cm",
                "X",
                "NASA",
                "jumping",
                "beautiful",
                "of",
                "the",
                "x".repeat(40)));
        Stream<String> mixed = Stream.generate(() -> {
                    StringBuilder text = new StringBuilder();
                    for (int i = random.nextInt(25); i >= 0; i--) {
                        text.append(words.get(random.nextInt(words.size())));
                        text.append(JOINTS[random.nextInt(4) == 0 ? random.nextInt(JOINTS.length) : 0]);
                    }
                    return text.toString();
                })
                .limit(TEXTS);
        return Stream.concat(sentences.stream(), mixed);
    }

    @Test
    void tokensAndTagsAreEqual() {
        texts().forEach(text -> {
            Span[] tokens = tokenizer.tokenizePos(text);
            assertThat(cachedTokenizer.tokenize(text)).as(text).containsExactly(tokens);
            String[] words = Span.spansToStrings(tokens, text);
            assertThat(greedyTagger.tag(words)).as(text).isEqualTo(tagger.tag(words));
        });
    }
}
