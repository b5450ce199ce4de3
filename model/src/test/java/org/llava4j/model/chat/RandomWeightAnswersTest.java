package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.Turn;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.schema.RandomSchemas;
import org.llava4j.model.schema.TokenLimitException;

/** Answers of a model with random weights to random schemas, in batches, against an independent validator. */
class RandomWeightAnswersTest {
    private static final Path GOLDEN =
            Path.of(System.getProperty("llava4j.root")).resolve("resources/golden");
    private static final int BATCH = 50;
    private static final SchemaRegistry VALIDATORS =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private LlavaModel model;

    @BeforeEach
    void load(@TempDir Path folder) throws IOException {
        String config = Files.readString(GOLDEN.resolve("f_e2e/stage1_out/config.json"));
        Path tower = GOLDEN.resolve("a_clip56").toAbsolutePath();
        Files.writeString(folder.resolve("config.json"), config.replace("../a_clip56", tower.toString()));
        Files.copy(GOLDEN.resolve("f_e2e/stage1_init.safetensors"), folder.resolve("model.safetensors"));
        Files.copy(GOLDEN.resolve("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        model = LlavaModel.load(folder, new ChatFormat(ConversationTemplates.of("v1"), true));
    }

    @AfterEach
    void close() {
        model.close();
    }

    /** An answer that is generated. */
    private record Asked(JsonNode schema, PendingAnswer pending) {}

    private Asked ask(JsonNode schema, SplittableRandom random) {
        GenerationRequest request =
                new GenerationRequest(List.of(Turn.human("Is it " + random.nextInt(99) + "?")), List.of());
        SamplingOptions sampling = SamplingOptions.at(random.nextInt(4), random.nextLong());
        try {
            return new Asked(schema, submit(request, 8 + random.nextInt(60), sampling, schema));
        } catch (TokenLimitException e) {
            return new Asked(schema, submit(request, 600, sampling, schema));
        }
    }

    private PendingAnswer submit(GenerationRequest request, int maxTokens, SamplingOptions sampling, JsonNode schema) {
        DecodingOptions decoding =
                DecodingOptions.greedy(maxTokens).withSampling(sampling).withSchema(JsonSchema.of(schema));
        return model.submit(request, decoding, text -> {});
    }

    private static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    private void check(int answers, long seed) {
        RandomSchemas schemas = new RandomSchemas(seed);
        SplittableRandom random = new SplittableRandom(seed);
        int checked = 0;
        while (checked < answers) {
            List<Asked> batch = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                batch.add(ask(schemas.next(), random));
            }
            for (Asked one : batch) {
                String text = model.await(one.pending()).text();
                assertThat(VALIDATORS.getSchema(one.schema()).validate(read(text)))
                        .as("%s: %s", one.schema(), text)
                        .isEmpty();
                checked++;
            }
        }
    }

    @Test
    void answersFitTheirSchemas() {
        check(500, 21);
    }

    @Test
    @Tag("slow")
    void tenThousandAnswersFitTheirSchemas() {
        check(10_000, 22);
    }
}
