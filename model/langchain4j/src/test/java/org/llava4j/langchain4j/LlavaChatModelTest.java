package org.llava4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.AudioContent;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelErrorContext;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonBooleanSchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;

/** The chat model with the model that comes with the project. */
class LlavaChatModelTest {
    private static LlavaModel llava;
    private static ChatModel model;

    @BeforeAll
    static void load() {
        llava = MapModel.load();
        model = LlavaChatModel.of(llava);
    }

    @AfterAll
    static void close() {
        llava.close();
    }

    private static UserMessage about(ImageContent image) {
        return UserMessage.from(image, TextContent.from(MapModel.QUESTION));
    }

    private static ChatResponse ask(Consumer<DefaultChatRequestParameters.Builder<?>> change, ChatMessage... messages) {
        DefaultChatRequestParameters.Builder<?> parameters = ChatRequestParameters.builder();
        change.accept(parameters);
        return model.chat(ChatRequest.builder()
                .messages(List.of(messages))
                .parameters(parameters.build())
                .build());
    }

    @Test
    void base64DataUrlAndFileUrlGetAnswer() {
        for (ImageContent image : List.of(
                ImageContent.from(MapModel.base64(), "image/png"),
                ImageContent.from("data:image/png;base64," + MapModel.base64()),
                ImageContent.from(MapModel.MAP.toUri()))) {
            ChatResponse response = model.chat(about(image));
            assertThat(response.aiMessage().text()).isEqualTo(MapModel.ANSWER);
            assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(5);
            assertThat(response.tokenUsage().totalTokenCount())
                    .isEqualTo(response.tokenUsage().inputTokenCount() + 5);
            assertThat(response.modelName()).isEqualTo("llava");
        }
    }

    @Test
    void messagesMakeSamePromptAsGenerationRequest() {
        int plain = model.chat(UserMessage.from("Is it?")).tokenUsage().inputTokenCount();
        assertThat(plain)
                .isEqualTo(llava.answer(GenerationRequest.of("Is it?", List.of()), DecodingOptions.greedy(1))
                        .promptTokens());
        assertThat(model.chat(SystemMessage.from("You read maps."), UserMessage.from("Is it?"))
                        .tokenUsage()
                        .inputTokenCount())
                .isNotEqualTo(plain);
        assertThat(model.chat(UserMessage.from("Is it?\nSay it.")).tokenUsage().inputTokenCount())
                .as("consecutive messages are one turn")
                .isEqualTo(model.chat(UserMessage.from("Is it?"), UserMessage.from("Say it."))
                        .tokenUsage()
                        .inputTokenCount());
        ChatResponse next =
                model.chat(MapModel.message(), AiMessage.from(MapModel.ANSWER), UserMessage.from(MapModel.QUESTION));
        assertThat(next.tokenUsage().inputTokenCount()).isGreaterThan(plain);
        assertThat(model.chat(MapModel.message(), AiMessage.from("The answer"))
                        .aiMessage()
                        .text())
                .as("a last message of the assistant is continued")
                .isEqualTo(" is C.");
    }

    @Test
    void parametersReachDecoding() {
        ChatResponse cut = ask(parameters -> parameters.maxOutputTokens(2), MapModel.message());
        assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(cut.tokenUsage().outputTokenCount()).isEqualTo(2);
        assertThat(ask(parameters -> parameters.stopSequences(" is"), MapModel.message())
                        .aiMessage()
                        .text())
                .isEqualTo("The answer");
        UserMessage question = UserMessage.from("Is it east?");
        String greedy = ask(parameters -> parameters.maxOutputTokens(30), question)
                .aiMessage()
                .text();
        String sampled = ask(parameters -> parameters.maxOutputTokens(30).temperature(4.0), question)
                .aiMessage()
                .text();
        assertThat(sampled).isNotEqualTo(greedy);
        assertThat(ask(
                                parameters -> parameters
                                        .maxOutputTokens(30)
                                        .temperature(4.0)
                                        .topK(1),
                                question)
                        .aiMessage()
                        .text())
                .isEqualTo(greedy);
        assertThat(ask(
                                parameters -> parameters
                                        .maxOutputTokens(30)
                                        .temperature(4.0)
                                        .topP(0.0),
                                question)
                        .aiMessage()
                        .text())
                .isEqualTo(greedy);
        assertThat(ask(parameters -> parameters.maxOutputTokens(30).frequencyPenalty(2.0), question)
                        .aiMessage()
                        .text())
                .isNotNull();
        ChatModel seeded = LlavaChatModel.builder(llava)
                .seed(5)
                .defaultRequestParameters(ChatRequestParameters.builder()
                        .temperature(4.0)
                        .maxOutputTokens(30)
                        .build())
                .build();
        assertThat(seeded.chat(question).aiMessage().text())
                .isEqualTo(seeded.chat(question).aiMessage().text())
                .isNotEqualTo(sampled);
    }

    @Test
    void modelNameIsChecked() {
        ChatModel named = LlavaChatModel.builder(llava).modelName("tiny").build();
        assertThat(named.chat(UserMessage.from("Is it?")).modelName()).isEqualTo("tiny");
        assertThatThrownBy(() -> ask(parameters -> parameters.modelName("gpt-9"), UserMessage.from("Is it?")))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessageContainingAll("'gpt-9'", "'llava'");
    }

    @Test
    void toolsAreRejectedByName() {
        UserMessage question = UserMessage.from("Is it?");
        assertThatThrownBy(() -> ask(
                        parameters -> parameters.toolSpecifications(
                                ToolSpecification.builder().name("weather").build()),
                        question))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("weather");
        assertThatThrownBy(() -> ask(parameters -> parameters.toolChoice(ToolChoice.REQUIRED), question))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("toolChoice");
        assertThat(ask(
                                parameters -> parameters
                                        .toolChoice(ToolChoice.AUTO)
                                        .responseFormat(ResponseFormat.TEXT)
                                        .maxOutputTokens(1),
                                question)
                        .finishReason())
                .isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void responseFormatConstrainsAnswer() throws IOException {
        UserMessage question = UserMessage.from("Is it?");
        String object = ask(
                        parameters ->
                                parameters.responseFormat(ResponseFormat.JSON).maxOutputTokens(40),
                        question)
                .aiMessage()
                .text();
        assertThat(new JsonMapper().readTree(object).isObject()).isTrue();
        ResponseFormat color = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(JsonSchema.builder()
                        .name("color")
                        .rootElement(JsonObjectSchema.builder()
                                .addEnumProperty("color", List.of("red", "green"))
                                .required("color")
                                .build())
                        .build())
                .build();
        String typed = ask(parameters -> parameters.responseFormat(color), question)
                .aiMessage()
                .text();
        assertThat(new JsonMapper().readTree(typed).get("color").textValue()).isIn("red", "green");
        assertThatThrownBy(
                        () -> ask(parameters -> parameters.responseFormat(color).maxOutputTokens(1), question))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("maximum number of tokens");
    }

    private static JsonNode answerOf(JsonSchemaElement root) throws IOException {
        ResponseFormat format = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(
                        JsonSchema.builder().name("answer").rootElement(root).build())
                .build();
        ChatResponse response = ask(
                parameters -> parameters.responseFormat(format).temperature(2.0).maxOutputTokens(150),
                UserMessage.from("Is it east?"));
        return new JsonMapper().readTree(response.aiMessage().text());
    }

    @Test
    void answerFitsEveryElementOfSchema() throws IOException {
        JsonNode answer = answerOf(JsonObjectSchema.builder()
                .addStringProperty("text")
                .addIntegerProperty("count")
                .addNumberProperty("length")
                .addBooleanProperty("yes")
                .addProperty("nothing", new JsonNullSchema())
                .addEnumProperty("direction", List.of("east", "west"))
                .addProperty(
                        "list",
                        JsonArraySchema.builder()
                                .items(JsonReferenceSchema.builder()
                                        .reference("part")
                                        .build())
                                .build())
                .addProperty(
                        "any",
                        JsonAnyOfSchema.builder()
                                .anyOf(new JsonNullSchema(), new JsonBooleanSchema())
                                .build())
                .definitions(Map.of(
                        "part",
                        JsonObjectSchema.builder()
                                .addBooleanProperty("direct")
                                .required("direct")
                                .build()))
                .required("text", "count", "length", "yes", "nothing", "direction", "list", "any")
                .build());
        assertThat(answer.get("text").isTextual()).isTrue();
        assertThat(answer.get("count").isInt()).isTrue();
        assertThat(answer.get("length").isNumber()).isTrue();
        assertThat(answer.get("yes").isBoolean()).isTrue();
        assertThat(answer.get("nothing").isNull()).isTrue();
        assertThat(answer.get("direction").textValue()).isIn("east", "west");
        assertThat(answer.get("list")).allMatch(part -> part.get("direct").isBoolean());
        assertThat(answer.get("any").isNull() || answer.get("any").isBoolean()).isTrue();
        assertThat(answerOf(JsonRawSchema.from("{\"type\":\"string\",\"maxLength\":3}"))
                        .textValue())
                .hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void unsupportedSchemasAreRejected() {
        assertThatThrownBy(() -> answerOf(JsonRawSchema.from("{\"type\":\"string\",\"pattern\":\"a\"}")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("pattern' is not supported");
        assertThatThrownBy(() -> answerOf(JsonRawSchema.from("{"))).isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> ask(
                        parameters ->
                                parameters.responseFormat(ResponseFormat.JSON).stopSequences("e"),
                        UserMessage.from("Is it?")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("stop texts");
    }

    @Test
    void otherMessagesAndContentsAreRejectedByName() {
        UserMessage question = UserMessage.from("Is it?");
        ToolExecutionRequest call =
                ToolExecutionRequest.builder().id("1").name("weather").build();
        assertThatThrownBy(() -> model.chat(question, AiMessage.from(call), question))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("AI with tool requests");
        assertThatThrownBy(() -> model.chat(question, ToolExecutionResultMessage.from(call, "rain")))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("TOOL_EXECUTION_RESULT");
        assertThatThrownBy(() -> model.chat(UserMessage.from(AudioContent.from(
                        Audio.builder().base64Data("AAAA").mimeType("audio/wav").build()))))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("AUDIO");
        assertThatThrownBy(() -> model.chat(UserMessage.from("see <image>")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("send ImageContent instead");
        assertThatThrownBy(() -> model.chat(SystemMessage.from("You read maps.")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("must be a UserMessage");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1/map.png | no image is fetched",
                "https://example.org/map.png | no image is fetched",
                "ftp://example.org/map.png | no image is fetched",
                "map.png | no image is fetched",
                "file://server/share/map.png | is not the URL of a local file",
                "file:///no/such/file.png | is missing or not a file",
                "file:///dev/zero | is missing or not a file",
                "file:///tmp | is missing or not a file",
                "data:image/png,abc | must be like data:image/png;base64",
                "data:image/png;base64,%%% | is not valid base64",
                "data:image/png;base64,AAAA | is not a PNG",
            })
    void invalidImagesAreRejected(String urlAndMessage) {
        String[] parts = urlAndMessage.replace("%%%", "a-b").split(" \\| ", -1);
        assertThatThrownBy(() -> model.chat(about(ImageContent.from(URI.create(parts[0])))))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining(parts[1]);
    }

    @Test
    void fileWithoutImageAndLongPromptAreRejected() {
        assertThatThrownBy(() -> model.chat(
                        about(ImageContent.from(MapModel.ROOT.resolve("pom.xml").toUri()))))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("pom.xml");
        assertThatThrownBy(() -> model.chat(UserMessage.from("word ".repeat(500))))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("no room for an answer");
        assertThatThrownBy(() -> ask(parameters -> parameters.temperature(-1.0), UserMessage.from("Is it?")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("temperature is -1.0");
    }

    /** A listener that records what it receives. */
    private static final class Recorder implements ChatModelListener {
        private final List<String> received = new ArrayList<>();

        @Override
        public void onRequest(ChatModelRequestContext context) {
            received.add("request " + context.chatRequest().parameters().maxOutputTokens());
        }

        @Override
        public void onResponse(ChatModelResponseContext context) {
            received.add("response " + context.chatResponse().aiMessage().text());
        }

        @Override
        public void onError(ChatModelErrorContext context) {
            received.add("error " + context.error().getClass().getSimpleName());
        }
    }

    @Test
    void listenersReceiveRequestsResponsesAndErrors() {
        Recorder recorder = new Recorder();
        ChatModel observed = LlavaChatModel.builder(llava)
                .listeners(List.of(recorder))
                .defaultRequestParameters(
                        ChatRequestParameters.builder().maxOutputTokens(16).build())
                .build();
        observed.chat(MapModel.message());
        assertThatThrownBy(() -> observed.chat(UserMessage.from("see <image>")))
                .isInstanceOf(InvalidRequestException.class);
        assertThat(recorder.received)
                .containsExactly(
                        "request 16", "response " + MapModel.ANSWER, "request 16", "error InvalidRequestException");
    }
}
