package org.llava4j.data.synthetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TextCorpusTest {
    private static final Pattern ASKED_NUMBER = Pattern.compile(
            "(?<n>\\d) (?<what>[a-z]+ [a-z]+?)s?( .*)?\\.?\n(Give|Count|What is) the (number of )?\\k<what>s[.?]");

    private final List<CorpusDocument> documents = TextCorpus.documents(3, 4000).toList();

    @Test
    void documentsAreDeterministic() {
        assertThat(TextCorpus.documents(3, 500)).isEqualTo(documents.subList(0, 500));
        assertThat(TextCorpus.documents(4, 500).toList()).isNotEqualTo(documents.subList(0, 500));
    }

    @Test
    void documentsContainNoDatasetQuestion() {
        Set<String> questions = new HashSet<>();
        for (ProblemType type : ProblemType.values()) {
            for (int turn = 0; turn < 400; turn++) {
                questions.add(ProblemGenerator.generate(type, turn, SeededRandom.generator(11, type.label(), turn))
                        .question()
                        .text());
            }
        }
        assertThat(questions).hasSizeGreaterThan(40);
        for (CorpusDocument document : documents) {
            assertThat(questions).noneMatch(document.context()::contains).noneMatch(document.answer()::contains);
        }
    }

    @Test
    void answersNameOptionsWithBalancedLetters() {
        Map<String, Integer> letters = new HashMap<>();
        List<CorpusDocument> questions =
                documents.stream().filter(CorpusDocument::chat).toList();
        for (CorpusDocument document : questions) {
            String letter = document.answer().replaceAll("The answer is ([A-E])\\.", "$1");
            assertThat(document.context()).contains("(" + letter + ") ").contains("\nContext: N/A\nOptions: ");
            letters.merge(letter, 1, Integer::sum);
        }
        assertThat(letters.keySet()).containsExactlyInAnyOrder("A", "B", "C", "D", "E");
        assertThat((double) letters.get("A") / letters.get("B")).isBetween(0.8, 1.25);
    }

    @Test
    void answerAgreesWithFacts() {
        int checked = 0;
        for (CorpusDocument document : documents) {
            Matcher asked = ASKED_NUMBER.matcher(document.context());
            if (asked.find()) {
                String letter = document.answer()
                        .substring("The answer is ".length(), document.answer().length() - 1);
                assertThat(document.context()).contains("(" + letter + ") " + asked.group("n"));
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(50);
    }
}
