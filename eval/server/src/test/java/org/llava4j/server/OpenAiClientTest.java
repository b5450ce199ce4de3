package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.responses.EasyInputMessage;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseInputContent;
import com.openai.models.responses.ResponseInputImage;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseInputText;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own Java client, unmodified, against all of its APIs that the server has. */
class OpenAiClientTest {
    private static final String KEY = "secret";
    private static TestServer server;

    @BeforeAll
    static void start() {
        // The client keeps connections open; the body timeout is also the idle time after which the server closes them.
        server = TestServer.trained(TestServer.options()
                .apiKey(KEY)
                .bodyTimeout(Duration.ofSeconds(30))
                .build());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Closeable wrapper of OpenAI's client. */
    private record OpenAi(OpenAIClient client) implements AutoCloseable {
        static OpenAi with(String key) {
            return with(key, server);
        }

        static OpenAi with(String key, TestServer server) {
            return new OpenAi(OpenAIOkHttpClient.builder()
                    .baseUrl(server.uri("/v1").toString())
                    .apiKey(key)
                    .maxRetries(0)
                    .build());
        }

        @Override
        public void close() {
            client.close();
        }
    }

    private static ChatCompletionCreateParams.Builder openAiQuestion() {
        return ChatCompletionCreateParams.builder()
                .model(TestServer.ID)
                .addUserMessageOfArrayOfContentParts(List.of(
                        ChatCompletionContentPart.ofImageUrl(ChatCompletionContentPartImage.builder()
                                .imageUrl(ChatCompletionContentPartImage.ImageUrl.builder()
                                        .url(TestServer.dataUrl(TestServer.MAP))
                                        .build())
                                .build()),
                        ChatCompletionContentPart.ofText(ChatCompletionContentPartText.builder()
                                .text(TestServer.MAP_QUESTION)
                                .build())));
    }

    @Test
    void chatCompletionsAnswerQuestionAboutImage() {
        try (OpenAi open = OpenAi.with(KEY)) {
            OpenAIClient client = open.client();
            ChatCompletion answer =
                    client.chat().completions().create(openAiQuestion().build());
            ChatCompletion.Choice choice = answer.choices().get(0);
            assertThat(choice.message().content()).hasValue(TestServer.MAP_ANSWER);
            assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
            assertThat(answer.usage().orElseThrow().completionTokens()).isPositive();
            assertThat(client.models().list().data().get(0).id()).isEqualTo(TestServer.ID);

            StringBuilder chunks = new StringBuilder();
            try (StreamResponse<ChatCompletionChunk> stream = client.chat()
                    .completions()
                    .createStreaming(openAiQuestion().temperature(0).seed(1).build())) {
                stream.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .forEach(chunk -> chunks.append(chunk.delta().content().orElse("")));
            }
            assertThat(chunks).hasToString(TestServer.MAP_ANSWER);
        }
    }

    @Test
    void chatCompletionsHoldConversation() {
        try (OpenAi open = OpenAi.with(KEY)) {
            ChatCompletion first =
                    open.client().chat().completions().create(openAiQuestion().build());
            ChatCompletion second = open.client()
                    .chat()
                    .completions()
                    .create(openAiQuestion()
                            .addMessage(first.choices().get(0).message())
                            .addUserMessage(TestServer.MAP_QUESTION)
                            .build());
            assertThat(second.choices().get(0).message().content()).isNotEmpty();
            assertThat(second.usage().orElseThrow().promptTokens())
                    .isGreaterThan(first.usage().orElseThrow().totalTokens());
        }
    }

    @Test
    void errorsAreMappedToExceptions() {
        try (OpenAi open = OpenAi.with(KEY);
                OpenAi unauthorized = OpenAi.with("wrong")) {
            assertThatThrownBy(() -> open.client()
                            .chat()
                            .completions()
                            .create(openAiQuestion().model("other").build()))
                    .isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("there is no model 'other'");
            assertThatThrownBy(() -> unauthorized.client().models().list()).isInstanceOf(UnauthorizedException.class);
        }
    }

    private static ResponseInputItem mapItem() {
        return ResponseInputItem.ofEasyInputMessage(EasyInputMessage.builder()
                .role(EasyInputMessage.Role.USER)
                .contentOfResponseInputMessageContentList(List.of(
                        ResponseInputContent.ofInputImage(ResponseInputImage.builder()
                                .detail(ResponseInputImage.Detail.AUTO)
                                .imageUrl(TestServer.dataUrl(TestServer.MAP))
                                .build()),
                        ResponseInputContent.ofInputText(ResponseInputText.builder()
                                .text(TestServer.MAP_QUESTION)
                                .build())))
                .build());
    }

    private static ResponseCreateParams responseRequest(List<ResponseInputItem> items) {
        return ResponseCreateParams.builder()
                .model(TestServer.ID)
                .inputOfResponse(items)
                .build();
    }

    private static String text(Response response) {
        return response.output()
                .get(0)
                .asMessage()
                .content()
                .get(0)
                .asOutputText()
                .text();
    }

    @Test
    void responsesHoldConversationAboutImage() {
        try (OpenAi open = OpenAi.with(KEY)) {
            List<ResponseInputItem> items = new ArrayList<>(List.of(mapItem()));
            Response first = open.client().responses().create(responseRequest(items));
            assertThat(text(first.validate())).isEqualTo(TestServer.MAP_ANSWER);
            assertThat(first.status()).hasValue(ResponseStatus.COMPLETED);
            first.output().forEach(item -> items.add(ResponseInputItem.ofResponseOutputMessage(item.asMessage())));
            items.add(ResponseInputItem.ofEasyInputMessage(EasyInputMessage.builder()
                    .role(EasyInputMessage.Role.USER)
                    .content(TestServer.MAP_QUESTION)
                    .build()));
            Response second = open.client().responses().create(responseRequest(items));
            assertThat(text(second)).isNotEmpty();
            assertThat(second.usage().orElseThrow().inputTokensDetails().cachedTokens())
                    .isGreaterThanOrEqualTo(first.usage().orElseThrow().inputTokens());
        }
    }

    @Test
    void responsesStreamTypedEvents() {
        try (OpenAi open = OpenAi.with(KEY)) {
            ResponseAccumulator accumulator = ResponseAccumulator.create();
            StringBuilder deltas = new StringBuilder();
            try (StreamResponse<ResponseStreamEvent> stream =
                    open.client().responses().createStreaming(responseRequest(List.of(mapItem())))) {
                stream.stream()
                        .map(ResponseStreamEvent::validate)
                        .map(accumulator::accumulate)
                        .flatMap(event -> event.outputTextDelta().stream())
                        .forEach(delta -> deltas.append(delta.delta()));
            }
            assertThat(deltas).hasToString(TestServer.MAP_ANSWER);
            assertThat(text(accumulator.response().validate())).isEqualTo(TestServer.MAP_ANSWER);
        }
    }

    @Test
    void responsesRejectWhatNeedsStorage() {
        try (OpenAi open = OpenAi.with(KEY)) {
            ResponseCreateParams.Builder request =
                    ResponseCreateParams.builder().model(TestServer.ID).input("Is it?");
            assertThatThrownBy(() -> open.client()
                            .responses()
                            .create(request.previousResponseId("resp_1").build()))
                    .isInstanceOf(BadRequestException.class)
                    .hasMessageContaining("'previous_response_id' is not supported");
        }
    }

    @Test
    void errorOfStreamedResponseIsException(@TempDir Path temp) throws IOException {
        ServerOptions options = TestServer.options().maxNewTokens(30_000).build();
        try (TestServer endless = TestServer.endless(temp.resolve("model"), options);
                OpenAi open = OpenAi.with("any", endless)) {
            ResponseCreateParams request = ResponseCreateParams.builder()
                    .model(TestServer.ID)
                    .input("Go on")
                    .build();
            assertThatThrownBy(() -> {
                        try (StreamResponse<ResponseStreamEvent> stream =
                                open.client().responses().createStreaming(request)) {
                            stream.stream().forEach(event -> endless.close());
                        }
                    })
                    .isInstanceOf(SseException.class)
                    .hasMessageContaining("stopped before the answer was complete");
        }
    }

    @Test
    void completionsContinueTexts() {
        try (OpenAi open = OpenAi.with(KEY)) {
            CompletionCreateParams request = CompletionCreateParams.builder()
                    .model(TestServer.ID)
                    .promptOfArrayOfStrings(List.of("The answer", "Which way is it"))
                    .maxTokens(6)
                    .logprobs(2)
                    .build();
            Completion whole = open.client().completions().create(request).validate();
            assertThat(whole.choices()).hasSize(2);
            StringBuilder second = new StringBuilder();
            try (StreamResponse<Completion> stream = open.client().completions().createStreaming(request)) {
                stream.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .filter(choice -> choice.index() == 1)
                        .forEach(choice -> second.append(choice.text()));
            }
            assertThat(second).hasToString(whole.choices().get(1).text()).isNotEmpty();
        }
    }
}
