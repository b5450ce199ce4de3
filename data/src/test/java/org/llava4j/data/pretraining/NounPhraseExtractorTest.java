package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Phrases by the stated pattern, and what the models make of captions. */
class NounPhraseExtractorTest {
    private static final NounPhraseExtractor PHRASES = new NounPhraseExtractor(true);

    @Test
    void aPhraseIsTheLongestRunThatEndsInANoun() {
        String[] words = {"A", "big", "red", "Fire", "truck", "is", "very", "fast", "and", "old", "Paris"};
        String[] tags = {"DET", "ADJ", "ADJ", "NOUN", "NOUN", "AUX", "ADV", "ADJ", "CCONJ", "ADJ", "PROPN"};
        assertThat(PHRASES.extract(words, tags)).containsExactly("big red fire truck", "old paris");
        assertThat(new NounPhraseExtractor(false).extract(words, tags))
                .containsExactly("big red Fire truck", "old Paris");
        assertThat(PHRASES.extract(
                        new String[] {"dog", "blue", "sees", "dog"}, new String[] {"NOUN", "ADJ", "VERB", "NOUN"}))
                .as("an adjective behind its noun is no part of it, and a phrase counts once")
                .containsExactly("dog");
    }

    @ParameterizedTest
    @CsvSource({
        "a dog running on the green grass with a red ball, dog|green grass|red ball",
        "The Eiffel Tower in Paris at night., eiffel tower|paris|night",
        "a young woman in a white t-shirt, young woman|white t-shirt",
        "two men playing frisbee in 3 parks, men|frisbee|parks"
    })
    void captionsHaveThem(String caption, String phrases) {
        assertThat(PHRASES.extract(caption)).isEqualTo(List.of(phrases.split("\\|")));
    }

    @Test
    void whatHasNoneHasNone() {
        assertThat(PHRASES.extract("")).isEmpty();
        assertThat(PHRASES.extract(" .-- !")).isEmpty();
        assertThat(PHRASES.extract("-")).isEmpty();
    }
}
