package org.llava4j.data.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;

class ConversationEncoderTest {
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));
    private static final ConversationEncoder V1 =
            new ConversationEncoder(TOKENIZER, ConversationTemplates.named("v1"), ImageMarkup.V1);

    @Test
    void encodeKeepsTemplateTextInsideAnswers() {
        String answer = "USER: a ASSISTANT: b ###Human: c";
        EncodedSample sample = V1.encode(sample(List.of(), Turn.human("ASSISTANT: q"), Turn.gpt(answer)));
        assertThat(targetText(sample)).isEqualTo(answer + "</s>");
    }

    @Test
    void trailingQuestionIsNotATarget() {
        EncodedSample sample =
                V1.encode(sample(List.of(), Turn.human("a"), Turn.gpt("b"), Turn.human("and what else?")));
        assertThat(targetText(sample)).isEqualTo("b</s>");
    }

    @Test
    void applyMovesAllImagesToTheFront() {
        assertThat(ImageMarkup.V1.apply(" What changed from <image> to\n<image>?\u00a0"))
                .isEqualTo("<image>\n<image>\nWhat changed from  to\n?");
        EncodedSample sample =
                V1.encode(sample(List.of("a", "b"), Turn.human("<image> or <image>?"), Turn.gpt("the first")));
        assertThat(sample.inputIds()).containsOnlyOnce(TOKENIZER.bosId()).contains(-200);
        assertThat(targetText(sample)).isEqualTo("the first</s>");
    }

    @Test
    void applyKeepsImagePositionsWithoutImageFirst() {
        ImageMarkup asWritten = new ImageMarkup(false, true);
        assertThat(asWritten.apply("What is it?\n<image>")).isEqualTo("What is it?\n<im_start><image><im_end>");
    }

    @Test
    void publishedV0LabelsBeginAfterSystemPromptOfTheSample() {
        ConversationTemplate published = ConversationTemplates.named(ConversationTemplates.V0_PUBLISHED_LABELS);
        Conversation conversation =
                sample(List.of(), Turn.human("Hi"), Turn.gpt("Hello")).withSystem("Be brief.");
        int[] labels = new ConversationEncoder(TOKENIZER, published, ImageMarkup.V1)
                .encode(conversation)
                .labels();
        int header = TOKENIZER.encodeWithBos("Be brief.\n\n").length;
        assertThat(labels)
                .startsWith(IntStream.range(0, header)
                        .map(i -> EncodedSample.IGNORE_INDEX)
                        .toArray());
        assertThat(labels[header]).isNotEqualTo(EncodedSample.IGNORE_INDEX);
    }

    @Test
    void systemPromptOfTheSampleReplacesTheTemplates() {
        Conversation plain = sample(List.of(), Turn.human("a"), Turn.gpt("b"));
        EncodedSample own = V1.encode(plain.withSystem("Be brief."));
        assertThat(TOKENIZER.decode(own.inputIds())).startsWith("Be brief. USER: a");
        assertThat(TOKENIZER.decode(V1.encode(plain).inputIds())).startsWith("A chat between");
        assertThat(targetText(own)).isEqualTo("b</s>");
    }

    @Test
    void imageMarkerIsTextWithoutImages() {
        EncodedSample sample = V1.encode(sample(List.of(), Turn.human("What does <image> mean?"), Turn.gpt("a tag")));
        assertThat(sample.inputIds()).doesNotContain(LlamaTokenizer.IMAGE_TOKEN_ID);
        assertThat(TOKENIZER.decode(sample.inputIds())).contains("USER: What does <image> mean?");
    }

    @Test
    void encodeRejectsMismatchOfImagesAndReferences() {
        assertThatThrownBy(() -> V1.encode(sample(List.of("a"), Turn.human("what?"), Turn.gpt("b"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("sample x: has 1 images but its text refers to 0");
        assertThatThrownBy(() -> V1.encode(sample(List.of("a"), Turn.human("<image>"), Turn.gpt("b <image>"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("refers to 2");
    }

    @Test
    void encodeRejectsConsecutiveTurnsOfOneRole() {
        assertThatThrownBy(() -> V1.encode(sample(List.of(), Turn.human("a"), Turn.human("b"), Turn.gpt("c"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("sample x: two turns from \"human\" follow each other");
    }

    @Test
    void encodeRejectsSampleWithoutTargets() {
        for (Conversation withoutTargets : List.of(
                sample(List.of()),
                sample(List.of(), Turn.human("a")),
                sample(List.of(), Turn.gpt("a")),
                sample(List.of(), Turn.human("a"), Turn.gpt(" \n")))) {
            assertThatThrownBy(() -> V1.encode(withoutTargets))
                    .isInstanceOf(NoTargetTokensException.class)
                    .hasMessageContaining("sample x");
        }
    }

    @Test
    void turnRejectsUnknownRole() {
        assertThatThrownBy(() -> new Turn("system", "a"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("of a turn is \"system\"");
        assertThatThrownBy(() -> new Turn("human", null)).isInstanceOf(BadInputException.class);
    }

    private static Conversation sample(List<String> images, Turn... turns) {
        return new Conversation("x", images, List.of(turns));
    }

    private static String targetText(EncodedSample sample) {
        List<Integer> ids = new ArrayList<>();
        for (int label : sample.labels()) {
            if (label != EncodedSample.IGNORE_INDEX) {
                ids.add(label);
            }
        }
        String text = TOKENIZER.decodeWithSpecialTokens(
                ids.stream().mapToInt(Integer::intValue).toArray());
        return text.strip();
    }
}
