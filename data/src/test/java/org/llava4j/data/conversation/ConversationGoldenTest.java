package org.llava4j.data.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;

/** Encoding compared with the published preprocessing of {@code e_spm}'s conversations, by template. */
class ConversationGoldenTest {
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));
    private static final JsonNode CONVERSATIONS = Golden.json("e_spm/conversations.json");

    static Stream<JsonNode> encodedCases() {
        assertThat(CONVERSATIONS.get("cases")).hasSize(24);
        return StreamSupport.stream(CONVERSATIONS.get("cases").spliterator(), false);
    }

    static Stream<JsonNode> exactCases() {
        return encodedCases()
                .filter(golden -> !golden.get("template").textValue().equals("llava_v0"));
    }

    static Stream<JsonNode> v0Cases() {
        return encodedCases()
                .filter(golden -> golden.get("template").textValue().equals("llava_v0"));
    }

    static Stream<JsonNode> prompts() {
        JsonNode prompts = Golden.json("e_spm/prompts.json");
        assertThat(prompts).hasSize(16);
        return StreamSupport.stream(prompts.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("encodedCases")
    void markupMatchesPublishedCode(JsonNode golden) {
        List<String> values = new ArrayList<>();
        markup(golden).apply(conversation(golden)).turns().forEach(turn -> values.add(turn.value()));
        List<String> expected = new ArrayList<>();
        golden.get("values_after_multimodal").forEach(value -> expected.add(value.textValue()));
        assertThat(values).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("exactCases")
    void encodeMatchesPublishedIdsAndLabels(JsonNode golden) {
        EncodedSample sample = encode(golden);
        assertThat(sample.inputIds()).isEqualTo(Golden.ints(golden.get("input_ids")));
        if (golden.get("warning").isNull()) {
            assertThat(sample.labels()).isEqualTo(Golden.ints(golden.get("labels")));
        } else {
            // The published code drops these samples; by the paper's rule the answers are targets.
            assertThat(targetTexts(sample)).isEqualTo(answersWith(golden, "</s>"));
        }
    }

    @ParameterizedTest
    @MethodSource("v0Cases")
    void v0MatchesPublishedIdsAndTargetsAnswersOnly(JsonNode golden) {
        EncodedSample sample = encode(golden);
        assertThat(sample.inputIds()).isEqualTo(Golden.ints(golden.get("input_ids")));
        assertThat(targetTexts(sample)).isEqualTo(answersWith(golden, "\n###"));
    }

    @ParameterizedTest
    @MethodSource("v0Cases")
    void v0WithPublishedLabelsMatchesPublishedIdsAndLabels(JsonNode golden) {
        ConversationTemplate template = ConversationTemplates.named(ConversationTemplates.V0_PUBLISHED_LABELS);
        EncodedSample sample =
                new ConversationEncoder(TOKENIZER, template, markup(golden)).encode(conversation(golden));
        assertThat(sample.inputIds()).isEqualTo(Golden.ints(golden.get("input_ids")));
        int[] expected = Golden.ints(golden.get("labels"));
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] == LlamaTokenizer.IMAGE_TOKEN_ID) {
                expected[i] = EncodedSample.IGNORE_INDEX; // the published model ignores it as well
            }
        }
        assertThat(sample.labels()).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("prompts")
    void promptsMatchPublishedCode(JsonNode golden) {
        ConversationTemplate template =
                ConversationTemplates.named(golden.get("template").textValue());
        List<Turn> turns = conversation(golden).turns();
        assertThat(template.prompt(turns.subList(0, 1)))
                .isEqualTo(golden.get("inference_prompt").textValue());
        if (!golden.get("training_prompt").isNull()) {
            assertThat(template.prompt(turns))
                    .isEqualTo(golden.get("training_prompt").textValue());
        }
        boolean two = golden.get("sep_style").textValue().equals("TWO");
        assertThat(template.stop()).isEqualTo(golden.get(two ? "sep2" : "sep").textValue());
    }

    /** Decodes each run of target tokens. */
    private static List<String> targetTexts(EncodedSample sample) {
        List<String> texts = new ArrayList<>();
        List<Integer> run = new ArrayList<>();
        for (int i = 0; i <= sample.labels().length; i++) {
            if (i < sample.labels().length && sample.labels()[i] != EncodedSample.IGNORE_INDEX) {
                run.add(sample.labels()[i]);
            } else if (!run.isEmpty()) {
                texts.add(TOKENIZER.decodePieces(
                        run.stream().mapToInt(Integer::intValue).toArray()));
                run.clear();
            }
        }
        return texts;
    }

    /**
     * Returns the answers with their stop string as decoding shows it: control pieces such as {@code </s>} are
     * invisible.
     */
    private static List<String> answersWith(JsonNode golden, String stop) {
        List<String> answers = new ArrayList<>();
        for (Turn turn : conversation(golden).turns()) {
            if (!turn.isHuman()) {
                answers.add(turn.value() + (stop.equals("</s>") ? "" : stop));
            }
        }
        return answers;
    }

    private static EncodedSample encode(JsonNode golden) {
        ConversationTemplate template =
                ConversationTemplates.named(golden.get("template").textValue());
        return new ConversationEncoder(TOKENIZER, template, markup(golden)).encode(conversation(golden));
    }

    private static ImageMarkup markup(JsonNode golden) {
        return new ImageMarkup(true, golden.get("im_start_end").booleanValue());
    }

    private static Conversation conversation(JsonNode golden) {
        String name = golden.get("conv").textValue();
        for (JsonNode candidate : CONVERSATIONS.get("convs")) {
            if (candidate.get("name").textValue().equals(name)) {
                List<Turn> turns = new ArrayList<>();
                candidate
                        .get("conversations")
                        .forEach(turn -> turns.add(new Turn(
                                turn.get("from").textValue(), turn.get("value").textValue())));
                boolean hasImage = golden.path("has_image").asBoolean(false);
                return new Conversation(name, hasImage ? List.of("image.png") : List.of(), turns);
            }
        }
        throw new AssertionError("no conversation called " + name);
    }
}
