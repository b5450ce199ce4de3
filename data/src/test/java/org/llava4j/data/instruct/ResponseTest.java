package org.llava4j.data.instruct;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.endpoint.ChatAnswer;

/** Answers of a teacher, read strictly. */
class ResponseTest {
    private static final String TWO = "Question:\nWhat is it?\n===\nAnswer:\nIt is a dog.\n\nA brown one.\n===\n"
            + "Question:\nIs it wet?\n===\nAnswer:\nYes, it is.\n===";

    private static Response read(Kind kind, String text, String finish) {
        return Response.of(kind, new ChatAnswer(text, finish, "m", 1, 1));
    }

    private static Response read(String text) {
        return read(Kind.CONVERSATION, text, "stop");
    }

    @Test
    void blocksBecomePairs() {
        Response response = read(TWO);
        assertThat(response.refusal()).isEmpty();
        assertThat(response.repaired()).isFalse();
        assertThat(response.pairs())
                .containsExactly(
                        new Response.Pair("What is it?", "It is a dog.\n\nA brown one."),
                        new Response.Pair("Is it wet?", "Yes, it is."));
        assertThat(read(TWO.replace("\n", "\r\n")).pairs()).hasSize(2);
        assertThat(read(TWO.substring(0, TWO.length() - 4)))
                .as("nobody misses the last line")
                .isEqualTo(response);
    }

    @ParameterizedTest
    @CsvSource({
        "Question: What is it?~===~Answer: It is a dog.",
        "Question:~What is it?~Answer:~It is a dog.",
        "QUESTION:~What is it?~===~ANSWER:~It is a dog.~=====",
        "**Question:**~What is it?~===~**Answer:**~It is a dog."
    })
    void whatIsMeantBeyondDoubtIsPutRight(String text) {
        Response response = read(text.replace('~', '\n'));
        assertThat(response.refusal()).isEmpty();
        assertThat(response.repaired()).isTrue();
        assertThat(response.pairs()).containsExactly(new Response.Pair("What is it?", "It is a dog."));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | EMPTY",
                "Sure! Here it is.~Question:~a?~===~Answer:~b. | FORM",
                "It is a dog. | FORM",
                "Question:~a? | FORM",
                "Answer:~b.~===~Question:~a? | FORM",
                "Question:~a?~===~Answer:~b.~===~I hope this helps. | FORM",
                "Question:~~===~Answer:~b. | EMPTY",
                "Question:~a?~===~Answer:~~===~Question:~c?~===~Answer:~d. | EMPTY",
                "Question:~What does the caption say?~===~Answer:~b. | SOURCE",
                "Question:~a?~===~Answer:~The bounding box shows it. | SOURCE",
                "Question:~a?~===~Answer:~It is at 0.123 from the left. | SOURCE",
                "Question:~a?~===~Answer:~It cannot be determined from this. | UNANSWERABLE",
                "Question:~a?~===~Answer:~The colour is not mentioned. | UNANSWERABLE"
            })
    void theRestIsRefused(String text, Refusal why) {
        assertThat(read(text.replace('~', '\n')).refusal()).contains(why);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void answersThatAFilterOrTheEndpointCutAreRefused(Kind kind) {
        assertThat(read(kind, TWO, "content_filter").refusal()).contains(Refusal.FILTERED);
        assertThat(read(kind, "", "content_filter").refusal()).contains(Refusal.FILTERED);
        assertThat(read(kind, TWO, "other").refusal()).contains(Refusal.UNFINISHED);
    }

    @Test
    void thingsThatOnlySoundLikeASourceArePlain() {
        assertThat(read("Question:\nWhat is in the box?\n===\nAnswer:\nThere are 2.5 oranges in the box.")
                        .refusal())
                .isEmpty();
    }

    @Test
    void reasoningIsOnePairAndADescriptionNone() {
        assertThat(read(Kind.COMPLEX_REASONING, TWO, "stop").refusal()).contains(Refusal.SEVERAL);
        assertThat(read(Kind.DETAIL, " A dog.\n\nIt is wet. ", "stop").pairs())
                .isEqualTo(List.of(new Response.Pair("", "A dog.\n\nIt is wet.")));
        assertThat(read(Kind.DETAIL, "As the captions say, a dog.", "stop").refusal())
                .contains(Refusal.SOURCE);
    }

    @Test
    void ofAnAnswerThatWasCutTheWholeBlocksAreUsed() {
        Response response = read(Kind.CONVERSATION, TWO.substring(0, TWO.length() - 10), "length");
        assertThat(response.pairs()).hasSize(1);
        assertThat(response.repaired()).isTrue();
        assertThat(read(Kind.DETAIL, "A dog that", "length").refusal()).contains(Refusal.CUT);
        assertThat(read(Kind.COMPLEX_REASONING, "Question:\na?\n===\nAnswer:\nb", "length")
                        .refusal())
                .contains(Refusal.CUT);
    }

    /** Whatever comes, it is used with whole pairs or refused with a reason. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void anythingIsReadOrRefused(Kind kind) {
        Random random = new Random(2);
        String[] parts = {"Question:", "Answer:", "===", "\n", "a?", "b.", " ", "caption", "0.123", "**", "\r", "\u0000"
        };
        for (int round = 0; round < 5000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(14); i >= 0; i--) {
                text.append(parts[random.nextInt(parts.length)]).append(random.nextBoolean() ? "\n" : "");
            }
            Response response = read(kind, text.toString(), random.nextBoolean() ? "stop" : "length");
            assertThat(response.pairs().isEmpty()).isEqualTo(response.refusal().isPresent());
            assertThat(response.pairs()).noneMatch(pair -> pair.answer().isBlank());
        }
    }
}
