package org.llava4j.data.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
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

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LETTER")
    void questionIsSameInAllFormatsExceptLetter(ScienceQaPrompt format) {
        assertThat(format.question(MAGNETS)).isEqualTo(ScienceQaPrompt.LEA.question(MAGNETS));
    }

    @Test
    void letterQuestionHasImageContextChoicesAndRequest() {
        assertThat(ScienceQaPrompt.LETTER.question(MAGNETS))
                .isEqualTo("<image>\nContext: Two magnets are placed as shown.\nWill these magnets attract or repel?\n"
                        + "A. attract\nB. repel\nAnswer with the option's letter from the given choices directly.");
        assertThat(ScienceQaPrompt.LETTER.question(ScienceQaProblems.texts("Why?", "", "", "")))
                .isEqualTo(
                        "Why?\nA. attract\nB. repel\nAnswer with the option's letter from the given choices directly.");
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

    @ParameterizedTest(name = "{0} of \"{1}\" and \"{2}\"")
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            LEPA | All. | So. | 'LECTURE: All.\nSOLUTION: So.\n###\nANSWER: B.'
            LEPA | ''   | So. | 'SOLUTION: So.\n###\nANSWER: B.'
            LEPA | All. | ' ' | 'LECTURE: All.\n###\nANSWER: B.'
            LEPA | ''   | ''  | '###\nANSWER: B.'
            LEA  | ''   | So. | 'So. The answer is B.'
            LEA  | All. | ''  | 'All. The answer is B.'
            LEA  | ''   | ''  | ' The answer is B.'
            LEA  | ' All.' | So. | 'All. So. The answer is B.'
            LEA  | '  All.' | So. | ' All. So. The answer is B.'
            LEA  | ''   | ' So.' | ' So. The answer is B.'
            EA   | All. | ''  | 'The answer is B.'
            EA   | All. | ' So.' | 'So. The answer is B.'
            ALE  | ''   | So. | 'The answer is B. BECAUSE: So.'
            ALE  | All. | ''  | 'The answer is B. BECAUSE: All.'
            ALE  | ''   | ''  | 'The answer is B.'
            A    | ''   | ''  | 'The answer is B.'
            """)
    void answerOmitsMissingPartsAsPublishedCodeDoes(
            ScienceQaPrompt format, String lecture, String solution, String expected) {
        assertThat(format.answer(ScienceQaProblems.texts("Why?", "", lecture, solution)))
                .isEqualTo(expected);
    }

    @Test
    void questionKeepsLeadingSpaceBeyondTheHeaders() {
        assertThat(ScienceQaPrompt.A.question(ScienceQaProblems.texts("   Why?", "\u00a0", "", "")))
                .isEqualTo(" Why?\nContext: N/A\nOptions: (A) attract (B) repel");
    }

    @Test
    void lepaKeepsAnswerHeaderInsideLecture() {
        assertThat(ScienceQaPrompt.LEPA.answer(ScienceQaProblems.texts("?", "", "Answer: so.", "")))
                .isEqualTo("LECTURE: Answer: so.\n###\nANSWER: B.");
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
    }

    @Test
    void textConversionMatchesPublishedCode() {
        assertThat(ScienceQaPrompt.A.question(ScienceQaProblems.texts(" Which   is it?  ", "a\\nb", "", "")))
                .isEqualTo("Which  is it? \nContext: a\\nb\nOptions: (A) attract (B) repel");
        assertThat(ScienceQaPrompt.LEA.answer(ScienceQaProblems.texts("?", "", "a\\nb", "")))
                .isEqualTo("a\nb The answer is B.");
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
