package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;

/**
 * The streamer emits whole characters, without stop texts and surrounding whitespace, and the parts join to the answer.
 */
class AnswerStreamerTest {
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm"));

    private record Streamed(String answer, List<String> parts) {}

    private static Streamed stream(String text, String... stops) {
        List<String> parts = new ArrayList<>();
        AnswerStreamer answer = new AnswerStreamer(TOKENIZER.streamingDecoder(), List.of(stops), parts::add);
        int[] ids = TOKENIZER.encode(text);
        for (int id : ids) {
            if (!answer.onToken(id)) {
                break;
            }
        }
        return new Streamed(answer.finish(), parts);
    }

    @Test
    void partsJoinToAnswer() {
        for (String text : List.of("a b", "  spaces   inside and around  ", "x\n\ny\n", "Größe 🦙 見る é", "")) {
            Streamed stream = stream(text);
            assertThat(stream.answer()).isEqualTo(text.strip());
            assertThat(String.join("", stream.parts())).isEqualTo(stream.answer());
        }
    }

    @Test
    void verbatimTextKeepsWhitespace() {
        int[] prompt = TOKENIZER.encode("The answer");
        int[] all = TOKENIZER.encode("The answer  is  C. \n\n");
        List<String> parts = new ArrayList<>();
        AnswerStreamer text = AnswerStreamer.verbatim(
                prompt[prompt.length - 1], TOKENIZER.streamingDecoder(), List.of("###"), parts::add);
        for (int i = prompt.length; i < all.length; i++) {
            assertThat(text.onToken(all[i])).isTrue();
        }
        assertThat(text.finish()).isEqualTo("  is  C. \n\n");
        assertThat(String.join("", parts)).isEqualTo("  is  C. \n\n");
    }

    @Test
    void characterOfSeveralTokensIsEmittedWhole() {
        Streamed stream = stream("🦙🦙");
        assertThat(stream.answer()).isEqualTo("🦙🦙");
        assertThat(stream.parts()).allSatisfy(part -> assertThat(part).matches("(🦙)+"));
    }

    @Test
    void stopOfSeveralTokensEndsAnswerAndIsNotEmitted() {
        Streamed stream = stream("The answer is C. ###Human: and more", "###");
        assertThat(stream.answer()).isEqualTo("The answer is C.");
        assertThat(String.join("", stream.parts())).isEqualTo(stream.answer());
        assertThat(stream("one two three", "o t", "two").answer()).isEqualTo("one");
    }

    @Test
    void partialStopIsEmittedAtTheEnd() {
        assertThat(stream("a ## b #", "###").answer()).isEqualTo("a ## b #");
        assertThat(stream("</s no", "</s>").answer()).isEqualTo("</s no");
    }

    @Test
    void randomTextIsCutAtFirstStop() {
        Random random = new Random(11);
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder("x");
            for (int i = random.nextInt(30); i > 0; i--) {
                text.append("ab# \n".charAt(random.nextInt(5)));
            }
            String stop = List.of("ab", "###", " b", "#a#").get(random.nextInt(4));
            int at = text.indexOf(stop);
            Streamed stream = stream(text.toString(), stop);
            assertThat(stream.answer())
                    .as("«%s» until «%s»", text, stop)
                    .isEqualTo((at < 0 ? text.toString() : text.substring(0, at)).strip());
            assertThat(String.join("", stream.parts())).isEqualTo(stream.answer());
        }
    }
}
