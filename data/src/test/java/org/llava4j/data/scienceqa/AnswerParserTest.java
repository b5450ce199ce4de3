package org.llava4j.data.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

class AnswerParserTest {
    @ParameterizedTest(name = "\"{0}\" of {1} is {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            A                                             | 2 | 0
            ' C '                                         | 3 | 2
            B. repel                                      | 2 | 1
            E. the fifth                                  | 5 | 4
            F. the sixth                                  | 6 | 5
            The answer is B.                              | 2 | 1
            Poles that are alike repel. The answer is B.  | 2 | 1
            'Like poles.\nThe answer is A.'               | 2 | 0
            The answer is A. BECAUSE: they differ.        | 2 | 0
            The answer is B, because they are alike       | 2 | 1
            A. Not so fast. The answer is B.              | 2 | 0
            Answer? The answer is D. The answer was E.    | 4 | 3
            """)
    void parseReturnsPredictedChoice(String text, int choices, int expected) {
        assertThat(AnswerParser.parse(text, choices)).isEqualTo(new Predicted(expected));
    }

    @ParameterizedTest(name = "\"{0}\" of {1} fails: {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            ''                                            | 2 | NO_TEXT
            '  '                                          | 2 | NO_TEXT
            C                                             | 2 | OUTSIDE_CHOICES
            C. something else                             | 2 | OUTSIDE_CHOICES
            The answer is C.                              | 2 | OUTSIDE_CHOICES
            The answer is Z.                              | 5 | OUTSIDE_CHOICES
            The answer is A. No. The answer is B.         | 2 | SEVERAL_ANSWERS
            The answer is B. The answer is B.             | 2 | SEVERAL_ANSWERS
            The answer is B                               | 2 | NO_ANSWER
            the answer is B.                              | 2 | NO_ANSWER
            The answer is repel.                          | 2 | NO_ANSWER
            A.                                            | 2 | NO_ANSWER
            A) attract                                    | 2 | NO_ANSWER
            AB                                            | 2 | NO_ANSWER
            b                                             | 2 | NO_ANSWER
            G. none of these                              | 2 | NO_ANSWER
            Attract                                       | 2 | NO_ANSWER
            """)
    void parseNeverGuessesUnparsedText(String text, int choices, Reason reason) {
        assertThat(AnswerParser.parse(text, choices)).isEqualTo(new Unparsed(reason));
    }
}
