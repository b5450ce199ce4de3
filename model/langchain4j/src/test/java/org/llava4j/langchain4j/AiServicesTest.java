package org.llava4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.Result;
import dev.langchain4j.service.TokenStream;
import dev.langchain4j.service.UserMessage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.llava4j.model.chat.LlavaModel;

/** LangChain4j's AI services with images. */
class AiServicesTest {
    private static LlavaModel llava;

    /** A service about maps. */
    interface MapReader {
        Result<String> ask(@UserMessage String question, @UserMessage ImageContent image);

        String ask(@UserMessage String question);
    }

    enum Direction {
        NORTH,
        SOUTH,
        EAST,
        WEST
    }

    record Way(@JsonProperty(required = true) Direction direction, int metres) {}

    /** A service whose answers are values. */
    interface WayFinder {
        Way find(@UserMessage String question, @UserMessage ImageContent image);
    }

    record Counts(
            @JsonProperty(required = true) Map<String, Object> byPlace,
            @JsonProperty(required = true) List<Object> rest) {}

    /** A service whose answers have keys and values that no schema names. */
    interface Counter {
        Counts count(@UserMessage String question);
    }

    /** The same, streamed. */
    interface StreamingMapReader {
        TokenStream ask(@UserMessage String question, @UserMessage ImageContent image);
    }

    @BeforeAll
    static void load() {
        llava = MapModel.load();
    }

    @AfterAll
    static void close() {
        llava.close();
    }

    private static ImageContent map() {
        return ImageContent.from(MapModel.base64(), "image/png");
    }

    @Test
    void serviceAnswersQuestionAboutImageWithMemory() {
        MapReader reader = AiServices.builder(MapReader.class)
                .chatModel(LlavaChatModel.of(llava))
                .chatMemory(MessageWindowChatMemory.withMaxMessages(4))
                .build();
        Result<String> answer = reader.ask(MapModel.QUESTION, map());
        assertThat(answer.content()).isEqualTo(MapModel.ANSWER);
        assertThat(answer.tokenUsage().outputTokenCount()).isEqualTo(5);
        assertThat(reader.ask("Is it?")).isNotNull();
    }

    @Test
    void serviceReturnsTypedAnswer() {
        WayFinder finder = AiServices.create(WayFinder.class, LlavaChatModel.of(llava));
        assertThat(finder.find(MapModel.QUESTION, map()).direction()).isNotNull();
    }

    @Test
    void mapsAndObjectsOfTypedAnswersHaveAnyContent() {
        boolean hasKey = false;
        for (int seed = 0; seed < 20 && !hasKey; seed++) {
            LlavaChatModel model = LlavaChatModel.builder(llava)
                    .defaultRequestParameters(ChatRequestParameters.builder()
                            .temperature(1.5)
                            .maxOutputTokens(60)
                            .build())
                    .seed(seed)
                    .build();
            Counts counts = AiServices.create(Counter.class, model).count("How many are there?");
            assertThat(counts.rest()).isNotNull();
            hasKey = !counts.byPlace().isEmpty();
        }
        assertThat(hasKey).as("some answer has a key").isTrue();
    }

    @Test
    void serviceStreamsAnswer() throws Exception {
        StreamingMapReader reader = AiServices.builder(StreamingMapReader.class)
                .streamingChatModel(LlavaStreamingChatModel.of(llava))
                .build();
        StringBuilder parts = new StringBuilder();
        CompletableFuture<String> complete = new CompletableFuture<>();
        reader.ask(MapModel.QUESTION, map())
                .onPartialResponse(parts::append)
                .onCompleteResponse(
                        response -> complete.complete(response.aiMessage().text()))
                .onError(complete::completeExceptionally)
                .start();
        assertThat(complete.get(60, TimeUnit.SECONDS)).isEqualTo(MapModel.ANSWER);
        assertThat(parts).hasToString(MapModel.ANSWER);
    }
}
