package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Golden;

/** Text is handed on as it comes, and joined is the answer: whole characters, no stop, no spaces around it. */
class AnswerStreamerTest {
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm"));

    private record Said(String answer, List<String> parts) {}

    private static Said said(String text, String... stops) {
        List<String> parts = new ArrayList<>();
        AnswerStreamer answer = new AnswerStreamer(TOKENIZER.streamingDecoder(), List.of(stops), parts::add);
        int[] ids = TOKENIZER.encode(text);
        for (int id : ids) {
            if (!answer.onToken(id)) {
                break;
            }
        }
        return new Said(answer.finish(), parts);
    }

    @Test
    void partsJoinedAreTheAnswer() {
        for (String text : List.of("a b", "  spaces   inside and around  ", "x\n\ny\n", "Größe 🦙 見る é", "")) {
            Said said = said(text);
            assertThat(said.answer()).isEqualTo(text.strip());
            assertThat(String.join("", said.parts())).isEqualTo(said.answer());
        }
    }

    @Test
    void aCharacterOfSeveralTokensComesWhole() {
        Said said = said("🦙🦙");
        assertThat(said.answer()).isEqualTo("🦙🦙");
        assertThat(said.parts()).allSatisfy(part -> assertThat(part).matches("(🦙)+"));
    }

    @Test
    void aStopOverSeveralTokensEndsTheAnswerAndNoPartOfItIsHandedOn() {
        Said said = said("The answer is C. ###Human: and more", "###");
        assertThat(said.answer()).isEqualTo("The answer is C.");
        assertThat(String.join("", said.parts())).isEqualTo(said.answer());
        assertThat(said("one two three", "o t", "two").answer()).isEqualTo("one");
    }

    @Test
    void whatOnlyBeginsLikeAStopIsHandedOnInTheEnd() {
        assertThat(said("a ## b #", "###").answer()).isEqualTo("a ## b #");
        assertThat(said("</s no", "</s>").answer()).isEqualTo("</s no");
    }

    @Test
    void anyTextIsCutAtItsFirstStopOrNot() {
        Random random = new Random(11);
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder("x");
            for (int i = random.nextInt(30); i > 0; i--) {
                text.append("ab# \n".charAt(random.nextInt(5)));
            }
            String stop = List.of("ab", "###", " b", "#a#").get(random.nextInt(4));
            int at = text.indexOf(stop);
            Said said = said(text.toString(), stop);
            assertThat(said.answer())
                    .as("«%s» until «%s»", text, stop)
                    .isEqualTo((at < 0 ? text.toString() : text.substring(0, at)).strip());
            assertThat(String.join("", said.parts())).isEqualTo(said.answer());
        }
    }
}
