package org.llava4j.data.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

class ScienceQaPromptTest {
    private static final ScienceQaProblem MAGNETS = ScienceQaProblems.magnets();

    @Test
    void questionHasContextOptionsAndImage() {
        assertThat(ScienceQaPrompt.LEA.question(MAGNETS))
                .isEqualTo("Will these magnets attract or repel?\nContext: Two magnets are placed as shown.\n"
                        + "Options: (A) attract (B) repel\n<image>");
    }

    @Test
    void questionIsSameInAllFormatsExceptLetter() {
        String letter = "\nAnswer with the option's letter from the given choices directly.";
        assertThat(ScienceQaPrompt.values()).allSatisfy(format -> {
            String asked = format.question(MAGNETS);
            assertThat(format == ScienceQaPrompt.LETTER ? asked.replace(letter, "") : asked)
                    .isEqualTo(ScienceQaPrompt.LEA.question(MAGNETS));
        });
        assertThat(ScienceQaPrompt.LETTER.question(MAGNETS)).contains(letter);
        assertThat(ScienceQaPrompt.LETTER.answer(MAGNETS)).isEqualTo("B");
    }

    @Test
    void lepaAnswerHasHeadings() {
        assertThat(ScienceQaPrompt.LEPA.answer(MAGNETS))
                .isEqualTo(
                        "LECTURE: Like poles repel.\nUnlike poles attract.\nSOLUTION: Both north poles face each other."
                                + "\n###\nANSWER: B.");
        assertThat(ScienceQaPrompt.LEPA.secondPass()).isEqualTo(" ###\nANSWER:");
        assertThat(ScienceQaPrompt.LEA.secondPass()).isNull();
    }

    @Test
    void questionWithoutHintAndImage() {
        assertThat(ScienceQaPrompt.A.question(ScienceQaProblems.texts("Why?", "  ", "", "")))
                .isEqualTo("Why?\nContext: N/A\nOptions: (A) attract (B) repel");
    }

    @Test
    void leaAnswerEndsWithConclusion() {
        assertThat(ScienceQaPrompt.LEA.answer(MAGNETS))
                .isEqualTo(
                        "Like poles repel.\nUnlike poles attract. Both north poles face each other. The answer is B.");
    }

    @Test
    void aAnswerIsConclusionOnly() {
        assertThat(ScienceQaPrompt.A.answer(MAGNETS)).isEqualTo("The answer is B.");
    }

    @Test
    void aleAnswerStartsWithConclusion() {
        assertThat(ScienceQaPrompt.ALE.answer(MAGNETS))
                .isEqualTo("The answer is B. BECAUSE: Like poles repel.\nUnlike poles attract."
                        + " Both north poles face each other.");
        assertThat(ScienceQaPrompt.ALE.answer(ScienceQaProblems.texts("Why?", "", "", "")))
                .isEqualTo("The answer is B.");
    }

    @Test
    void answerOmitsMissingLectureAndSolution() {
        assertThat(ScienceQaPrompt.LEA.answer(ScienceQaProblems.texts("Why?", "", "", "So.")))
                .isEqualTo("So. The answer is B.");
        assertThat(ScienceQaPrompt.LEA.answer(ScienceQaProblems.texts("Why?", "", "All.", "")))
                .isEqualTo("All. The answer is B.");
        assertThat(ScienceQaPrompt.LEA.answer(ScienceQaProblems.texts("Why?", "", "", "")))
                .isEqualTo("The answer is B.");
        assertThat(ScienceQaPrompt.ALE.answer(ScienceQaProblems.texts("Why?", "", "", "So.")))
                .isEqualTo("The answer is B. BECAUSE: So.");
    }

    @Test
    void textConversionMatchesPublishedCode() {
        assertThat(ScienceQaPrompt.A.question(ScienceQaProblems.texts(" Which   is it?  ", "a\\nb", "", "")))
                .isEqualTo("Which  is it? \nContext: a\nb\nOptions: (A) attract (B) repel");
        assertThat(ScienceQaPrompt.LEA.answer(ScienceQaProblems.texts("?", "", "Question: why? Answer: so.", "")))
                .isEqualTo("Question: why? so. The answer is B.");
    }

    @Test
    void conversationHasQuestionAnswerAndImage() {
        assertThat(ScienceQaPrompt.A.conversation(MAGNETS))
                .isEqualTo(new Conversation(
                        "17",
                        List.of("17/image.png"),
                        List.of(Turn.human(ScienceQaPrompt.A.question(MAGNETS)), Turn.gpt("The answer is B."))));
        assertThat(ScienceQaPrompt.A
                        .conversation(ScienceQaProblems.texts("?", "", "", ""))
                        .hasImages())
                .isFalse();
    }

    @Test
    void namedAcceptsLlavaNames() {
        assertThat(ScienceQaPrompt.named("QCM-LEA")).isEqualTo(ScienceQaPrompt.LEA);
        assertThat(ScienceQaPrompt.named("A")).isEqualTo(ScienceQaPrompt.A);
        assertThatThrownBy(() -> ScienceQaPrompt.named("QCM-XYZ"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("QCM-XYZ")
                .hasMessageContaining("LEA");
    }
}
