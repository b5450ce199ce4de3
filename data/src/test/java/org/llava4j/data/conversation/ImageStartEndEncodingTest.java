package org.llava4j.data.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;

/** Conversations of a model with {@code <im_start>} and {@code <im_end>}, in every template. */
class ImageStartEndEncodingTest {
    private static final LlamaTokenizer PLAIN = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));
    private static final LlamaTokenizer TOKENIZER = PLAIN.withSpecialTokens(
            List.of(ImageStartEndTokens.PATCH, ImageStartEndTokens.START, ImageStartEndTokens.END));
    private static final int START = 1001;
    private static final int END = 1002;

    private static final Conversation TWO_IMAGES = new Conversation(
            "x",
            List.of("a.png", "b.png"),
            List.of(
                    Turn.human("Where does\nthe cat sleep? <image>"),
                    Turn.gpt("On <im_start> books."),
                    Turn.human("<image>\nAnd here?"),
                    Turn.gpt("In a box.")));

    @ParameterizedTest
    @ValueSource(strings = {"v0", "v1", "tiny"})
    void encodePutsImagesBetweenStartAndEndTokens(String template) {
        for (boolean first : new boolean[] {true, false}) {
            EncodedSample with = encode(template, new ImageMarkup(first, true));
            int images = 0;
            List<Integer> targets = new ArrayList<>();
            for (int i = 0; i < with.inputIds().length; i++) {
                if (with.inputIds()[i] == LlamaTokenizer.IMAGE_TOKEN_ID) {
                    assertThat(with.inputIds()[i - 1]).isEqualTo(START);
                    assertThat(with.inputIds()[i + 1]).isEqualTo(END);
                    assertThat(Arrays.copyOfRange(with.labels(), i - 1, i + 2)).containsOnly(-100);
                    images++;
                }
                if (with.labels()[i] != EncodedSample.IGNORE_INDEX) {
                    targets.add(with.labels()[i]);
                }
            }
            assertThat(images).isEqualTo(2);
            assertThat(targets).isEqualTo(targets(encode(template, new ImageMarkup(first, false))));
            assertThat(targets).as("a special token in an answer is a target").contains(START);
        }
    }

    @Test
    void plainTemplateDropsStartAndEndTokens() {
        EncodedSample with = encode("plain", new ImageMarkup(true, true));
        assertThat(with.inputIds()).isEqualTo(encode("plain", ImageMarkup.V1).inputIds());
        assertThat(with.inputIds()).doesNotContain(END);
    }

    /** Token ids of transformers' slow tokenizer with the three tokens added, split at the image as LLaVA does. */
    @Test
    void encodeMatchesTransformersAroundImage() {
        Conversation one = new Conversation(
                "x", List.of("a.png"), List.of(Turn.human("<image>\nWhere is it?"), Turn.gpt("On it.")));
        ConversationEncoder encoder =
                new ConversationEncoder(TOKENIZER, ConversationTemplates.named("tiny"), new ImageMarkup(true, true));
        int[] ids = encoder.encode(one).inputIds();
        assertThat(ids)
                .containsExactly(
                        1, 611, 920, 440, 946, 892, START, -200, END, 892, 13, 941, 502, 324, 350, 970, 347, 752, 823,
                        626, 946, 411, 899, 350, 915, 2);
        int[] words = Arrays.stream(ids).filter(id -> id >= 0).toArray();
        assertThat(TOKENIZER.decode(words)).isEqualTo("USER:  \nWhere is it? ASSISTANT: On it.");
        assertThat(TOKENIZER.decodeWithSpecialTokens(words)).contains("<im_start><im_end>");
    }

    private static List<Integer> targets(EncodedSample sample) {
        List<Integer> targets = new ArrayList<>();
        for (int label : sample.labels()) {
            if (label != EncodedSample.IGNORE_INDEX) {
                targets.add(label);
            }
        }
        return targets;
    }

    private static EncodedSample encode(String template, ImageMarkup markup) {
        return new ConversationEncoder(TOKENIZER, ConversationTemplates.named(template), markup).encode(TWO_IMAGES);
    }
}
