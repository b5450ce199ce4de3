package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.schema.RandomSchemas;
import org.llava4j.model.schema.TokenLimitException;

/** Answers of the bundled model that are constrained to schemas. */
class TypedAnswersTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final ImageRef MAP = ImageRef.of(ROOT.resolve("resources/readme/map.png"));
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    private static final JsonMapper JSON = new JsonMapper();
    private static LlavaModel model;

    @BeforeAll
    static void load() {
        model = LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    enum Option {
        A,
        B,
        C,
        D
    }

    record Judgement(Option option, String reason, Optional<Integer> distance) {}

    private static GenerationRequest question(String text) {
        return new GenerationRequest(List.of(Turn.human(text)), List.of());
    }

    @Test
    void answerReadsRecord() {
        GenerationRequest request = GenerationRequest.about(MAP, QUESTION);
        Judgement judgement = model.answer(request, DecodingOptions.greedy(60), Judgement.class);
        assertThat(judgement.option()).isNotNull();
        assertThat(judgement.reason()).isNotNull();
        assertThat(model.answer(request, DecodingOptions.greedy(60), Option.class))
                .isEqualTo(judgement.option());
        assertThatThrownBy(() -> model.answer(request, DecodingOptions.greedy(60), Thread.class))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("Thread is a java.lang.Thread");
    }

    @Test
    void schemaDoesNotChangeWhatFitsAnyway() {
        JsonSchema string = JsonSchema.parse("{\"type\": \"string\"}");
        GenerationRequest request = question("Is it east?");
        Answer free = model.answer(request, DecodingOptions.greedy(40));
        Answer typed = model.answer(request, DecodingOptions.greedy(40).withSchema(string));
        assertThat(typed.text()).startsWith("\"").endsWith("\"");
        assertThat(typed.newTokens()).isLessThanOrEqualTo(40);
        assertThat(model.answer(request, DecodingOptions.greedy(40)).text())
                .as("a schema has no effect on later requests")
                .isEqualTo(free.text());
    }

    /** Sequences of different schemas and of none in the same batches. */
    @Test
    void batchedAnswersFitTheirSchemas() throws Exception {
        RandomSchemas schemas = new RandomSchemas(11);
        SchemaRegistry validators = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
        List<JsonNode> asked = new ArrayList<>();
        List<PendingAnswer> pending = new ArrayList<>();
        List<StringBuilder> streamed = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            JsonNode schema = schemas.next();
            DecodingOptions decoding = DecodingOptions.greedy(300)
                    .withSampling(SamplingOptions.at(i % 4, i))
                    .withTopLogprobs(i % 3 - 1);
            StringBuilder text = new StringBuilder();
            asked.add(schema);
            streamed.add(text);
            pending.add(model.submit(
                    question("Is it " + i + "?"), decoding.withSchema(JsonSchema.of(schema)), text::append));
            model.submit(question("Is it?"), DecodingOptions.greedy(3), part -> {});
        }
        for (int i = 0; i < pending.size(); i++) {
            Answer answer = model.await(pending.get(i));
            assertThat(answer.text()).hasToString(streamed.get(i).toString());
            assertThat(validators.getSchema(asked.get(i)).validate(JSON.readTree(answer.text())))
                    .as("%s: %s", asked.get(i), answer.text())
                    .isEmpty();
            assertThat(answer.newTokens()).isLessThanOrEqualTo(300);
            assertThat(answer.logprobs()).hasSize(i % 3 == 0 ? 0 : answer.newTokens());
        }
    }

    @Test
    void finishReasonTellsWhetherTheLimitChangedTheAnswer() {
        GenerationRequest request = question("Is it east?");
        JsonSchema schema = JsonSchema.parse("{\"type\": \"string\", \"maxLength\": 40}");
        DecodingOptions decoding = DecodingOptions.greedy(200).withSchema(schema);
        Answer whole = model.answer(request, decoding);
        assertThat(whole.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(whole.newTokens()).isGreaterThan(5);
        Answer exact =
                model.answer(request, DecodingOptions.greedy(whole.newTokens()).withSchema(schema));
        assertThat(exact.text()).isEqualTo(whole.text());
        assertThat(exact.finishReason()).isEqualTo(FinishReason.STOP);
        Answer shorter = model.answer(request, DecodingOptions.greedy(4).withSchema(schema));
        assertThat(shorter.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(shorter.newTokens()).isLessThanOrEqualTo(4);
        assertThat(shorter.text()).startsWith("\"").endsWith("\"");
    }

    @Test
    void submitRefusesWhatCannotBeAnswered() {
        GenerationRequest request = question("Is it east?");
        DecodingOptions decoding =
                DecodingOptions.greedy(5).withSchema(JsonSchema.parse("{\"minItems\": 9, \"type\": \"array\"}"));
        assertThatThrownBy(() -> model.answer(request, decoding)).isInstanceOf(TokenLimitException.class);
        assertThatThrownBy(() -> model.answer(request.withAnswerPrefix("{"), decoding))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("answer prefix");
        assertThatThrownBy(() -> decoding.withStops(List.of("}")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("would cut the JSON");
    }
}
