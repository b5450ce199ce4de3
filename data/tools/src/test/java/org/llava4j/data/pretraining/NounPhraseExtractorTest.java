package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Phrases of tagged words, and of captions tagged by the models. */
class NounPhraseExtractorTest {
    private static final NounPhraseExtractor EXTRACTOR = new NounPhraseExtractor(true);

    @Test
    void extractReturnsLongestRunsEndingInNoun() {
        String[] words = {"A", "big", "red", "Fire", "truck", "is", "very", "fast", "and", "old", "Paris"};
        String[] tags = {"DET", "ADJ", "ADJ", "NOUN", "NOUN", "AUX", "ADV", "ADJ", "CCONJ", "ADJ", "PROPN"};
        assertThat(EXTRACTOR.extract(words, tags)).containsExactly("big red fire truck", "old paris");
        assertThat(new NounPhraseExtractor(false).extract(words, tags))
                .containsExactly("big red Fire truck", "old Paris");
        assertThat(EXTRACTOR.extract(
                        new String[] {"dog", "blue", "sees", "dog"}, new String[] {"NOUN", "ADJ", "VERB", "NOUN"}))
                .as("an adjective after its noun is excluded, and duplicates are removed")
                .containsExactly("dog");
    }

    @ParameterizedTest
    @CsvSource({
        "a dog running on the green grass with a red ball, dog|green grass|red ball",
        "The Eiffel Tower in Paris at night., eiffel tower|paris|night",
        "a young woman in a white t-shirt, young woman|white t-shirt",
        "two men playing frisbee in 3 parks, men|frisbee|parks"
    })
    void extractFindsPhrasesOfCaptions(String caption, String phrases) {
        assertThat(EXTRACTOR.extract(caption)).isEqualTo(List.of(phrases.split("\\|")));
    }

    @Test
    void extractReturnsNothingWithoutNouns() {
        assertThat(EXTRACTOR.extract("")).isEmpty();
        assertThat(EXTRACTOR.extract(" .-- !")).isEmpty();
        assertThat(EXTRACTOR.extract("-")).isEmpty();
    }
}
