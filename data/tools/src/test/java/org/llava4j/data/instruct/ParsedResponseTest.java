package org.llava4j.data.instruct;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.llm.LlmAnswer;

/** Strict parsing of the answers of an LLM. */
class ParsedResponseTest {
    private static final String TWO = "Question:\nWhat is it?\n===\nAnswer:\nIt is a dog.\n\nA brown one.\n===\n"
            + "Question:\nIs it wet?\n===\nAnswer:\nYes, it is.\n===";

    private static ParsedResponse read(InstructionType type, String text, String finish) {
        return ParsedResponse.of(type, new LlmAnswer(text, finish, "m", 1, 1));
    }

    private static ParsedResponse read(String text) {
        return read(InstructionType.CONVERSATION, text, "stop");
    }

    @Test
    void ofParsesBlocks() {
        ParsedResponse response = read(TWO);
        assertThat(response.rejection()).isNull();
        assertThat(response.repaired()).isFalse();
        assertThat(response.pairs())
                .containsExactly(
                        new ParsedResponse.QuestionAnswer("What is it?", "It is a dog.\n\nA brown one."),
                        new ParsedResponse.QuestionAnswer("Is it wet?", "Yes, it is."));
        assertThat(read(TWO.replace("\n", "\r\n")).pairs()).hasSize(2);
        assertThat(read(TWO.substring(0, TWO.length() - 4)))
                .as("the last separator is optional")
                .isEqualTo(response);
    }

    @ParameterizedTest
    @CsvSource({
        "Question: What is it?~===~Answer: It is a dog.",
        "Question:~What is it?~Answer:~It is a dog.",
        "QUESTION:~What is it?~===~ANSWER:~It is a dog.~=====",
        "**Question:**~What is it?~===~**Answer:**~It is a dog."
    })
    void ofRepairsUnambiguousDeviations(String text) {
        ParsedResponse response = read(text.replace('~', '\n'));
        assertThat(response.rejection()).isNull();
        assertThat(response.repaired()).isTrue();
        assertThat(response.pairs()).containsExactly(new ParsedResponse.QuestionAnswer("What is it?", "It is a dog."));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | EMPTY",
                "Sure! Here it is.~Question:~a?~===~Answer:~b. | MALFORMED",
                "It is a dog. | MALFORMED",
                "Question:~a? | MALFORMED",
                "Answer:~b.~===~Question:~a? | MALFORMED",
                "Question:~a?~===~Answer:~b.~===~I hope this helps. | MALFORMED",
                "Question:~~===~Answer:~b. | EMPTY",
                "Question:~a?~===~Answer:~~===~Question:~c?~===~Answer:~d. | EMPTY",
                "Question:~What does the caption say?~===~Answer:~b. | MENTIONS_SOURCE",
                "Question:~a?~===~Answer:~The bounding box shows it. | MENTIONS_SOURCE",
                "Question:~a?~===~Answer:~It is at 0.123 from the left. | MENTIONS_SOURCE",
                "Question:~a?~===~Answer:~It cannot be determined from this. | UNANSWERABLE",
                "Question:~a?~===~Answer:~The colour is not mentioned. | UNANSWERABLE"
            })
    void ofRejectsOtherForms(String text, RejectionReason reason) {
        assertThat(read(text.replace('~', '\n')).rejection()).isEqualTo(reason);
    }

    @ParameterizedTest
    @EnumSource(InstructionType.class)
    void ofRejectsFilteredAndUnfinishedAnswers(InstructionType type) {
        assertThat(read(type, TWO, "content_filter").rejection()).isEqualTo(RejectionReason.FILTERED);
        assertThat(read(type, "", "content_filter").rejection()).isEqualTo(RejectionReason.FILTERED);
        assertThat(read(type, TWO, "other").rejection()).isEqualTo(RejectionReason.UNFINISHED);
    }

    @Test
    void ofAcceptsWordsResemblingSources() {
        assertThat(read("Question:\nWhat is in the box?\n===\nAnswer:\nThere are 2.5 oranges in the box.")
                        .rejection())
                .isNull();
    }

    @Test
    void ofExpectsOnePairExceptForConversations() {
        assertThat(read(InstructionType.COMPLEX_REASONING, TWO, "stop").rejection())
                .isEqualTo(RejectionReason.MULTIPLE_QUESTIONS);
        assertThat(read(InstructionType.DETAIL, " A dog.\n\nIt is wet. ", "stop")
                        .pairs())
                .isEqualTo(List.of(new ParsedResponse.QuestionAnswer("", "A dog.\n\nIt is wet.")));
        assertThat(read(InstructionType.DETAIL, "As the captions say, a dog.", "stop")
                        .rejection())
                .isEqualTo(RejectionReason.MENTIONS_SOURCE);
    }

    @Test
    void ofKeepsCompleteBlocksOfTruncatedAnswer() {
        ParsedResponse response = read(InstructionType.CONVERSATION, TWO.substring(0, TWO.length() - 10), "length");
        assertThat(response.pairs()).hasSize(1);
        assertThat(response.repaired()).isTrue();
        assertThat(read(InstructionType.DETAIL, "A dog that", "length").rejection())
                .isEqualTo(RejectionReason.TRUNCATED);
        assertThat(read(InstructionType.COMPLEX_REASONING, "Question:\na?\n===\nAnswer:\nb", "length")
                        .rejection())
                .isEqualTo(RejectionReason.TRUNCATED);
    }

    /** Any text gives complete pairs or a rejection reason. */
    @ParameterizedTest
    @EnumSource(InstructionType.class)
    void ofAcceptsOrRejectsAnyText(InstructionType type) {
        Random random = new Random(2);
        String[] parts = {"Question:", "Answer:", "===", "\n", "a?", "b.", " ", "caption", "0.123", "**", "\r", "\u0000"
        };
        for (int round = 0; round < 5000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(14); i >= 0; i--) {
                text.append(parts[random.nextInt(parts.length)]).append(random.nextBoolean() ? "\n" : "");
            }
            ParsedResponse response = read(type, text.toString(), random.nextBoolean() ? "stop" : "length");
            assertThat(response.pairs().isEmpty()).isEqualTo(response.rejection() != null);
            assertThat(response.pairs()).noneMatch(pair -> pair.answer().isBlank());
        }
    }
}
