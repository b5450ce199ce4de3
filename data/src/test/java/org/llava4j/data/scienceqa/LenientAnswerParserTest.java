package org.llava4j.data.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.scienceqa.LenientAnswer.Form;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

class LenientAnswerParserTest {
    private static final List<String> CHOICES = List.of("attract", "repel", "neither of the two");

    @ParameterizedTest(name = "\"{0}\" is {1} as {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            The answer is B.                  | 1 | PUBLISHED
            B. repel                          | 1 | PUBLISHED
            (B)                               | 1 | LETTER
            **B**                             | 1 | LETTER
            b.                                | 1 | LETTER
            b                                 | 1 | LETTER
            B.                                | 1 | LETTER
            B) repel                          | 1 | LETTER
            **(C)** neither                   | 2 | LETTER
            Option A                          | 0 | LETTER
            ~Like poles repel.\n\n**B**~      | 1 | LETTER
            ~Both are north poles.\nOption (B).~ | 1 | LETTER
            The answer is (B)                 | 1 | CONCLUSION
            The answer is (B).                | 1 | CONCLUSION
            The answer is **B**               | 1 | CONCLUSION
            The answer is B                   | 1 | CONCLUSION
            the correct answer is: b          | 1 | CONCLUSION
            Answer: **(b)**                   | 1 | CONCLUSION
            The correct option is B because   | 1 | CONCLUSION
            The answer is B. The answer is B. | 1 | CONCLUSION
            Repel                             | 1 | CHOICE_TEXT
            Neither of the two.               | 2 | CHOICE_TEXT
            The answer is repel.              | 1 | CHOICE_TEXT
            The answer is: "neither of the two" | 2 | CHOICE_TEXT
            """)
    void parseRecognizesCommonForms(String text, int choice, Form form) {
        assertThat(LenientAnswerParser.parse(text, CHOICES)).isEqualTo(new LenientAnswer(new Predicted(choice), form));
    }

    @ParameterizedTest(name = "\"{0}\": {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            A magnet attracts iron            | NO_ANSWER
            a magnet                          | NO_ANSWER
            The answer is a magnet            | NO_ANSWER
            I think they repel each other     | NO_ANSWER
            They attract or repel             | NO_ANSWER
            (D)                               | NO_ANSWER
            G. none of these                  | NO_ANSWER
            ~ ** ~                            | NO_TEXT
            The answer is (A). No, the answer is (B). | SEVERAL_ANSWERS
            """)
    void parseLeavesOtherTextsUnparsed(String text, Reason reason) {
        assertThat(LenientAnswerParser.parse(text, CHOICES))
                .isEqualTo(new LenientAnswer(new Unparsed(reason), Form.NONE));
    }

    @Test
    void parseIgnoresTextOfEqualChoices() {
        assertThat(LenientAnswerParser.parse("repel", List.of("repel", "Repel."))
                        .form())
                .isEqualTo(Form.NONE);
    }
}
