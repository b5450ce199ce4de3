package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.jdk.JdkHttpClientBuilder;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j, unmodified, against the server. */
class LangChain4jClientTest {
    private static final String KEY = "secret";
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.trained(TestServer.options().apiKey(KEY).build());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String url() {
        return server.uri("/v1").toString();
    }

    private static UserMessage mapMessage() throws IOException {
        String base64 = Base64.getEncoder().encodeToString(Files.readAllBytes(TestServer.MAP));
        return UserMessage.from(ImageContent.from(base64, "image/png"), TextContent.from(TestServer.MAP_QUESTION));
    }

    @Test
    void langChain4jGetsAnswer() throws IOException {
        OpenAiChatModel model = OpenAiChatModel.builder()
                .httpClientBuilder(new JdkHttpClientBuilder())
                .baseUrl(url())
                .apiKey(KEY)
                .modelName(TestServer.ID)
                .temperature(0.0)
                .build();
        ChatResponse response = model.chat(SystemMessage.from("You answer about maps."), mapMessage());
        assertThat(response.aiMessage().text()).startsWith("The answer is");
        response = model.chat(mapMessage());
        assertThat(response.aiMessage().text()).isEqualTo(TestServer.MAP_ANSWER);
        assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(response.tokenUsage().outputTokenCount()).isPositive();
        response = model.chat(mapMessage(), response.aiMessage(), UserMessage.from("ada", "Is it?"));
        assertThat(response.aiMessage().text()).isNotNull();
    }

    @Test
    void langChain4jStreamsAnswer() throws Exception {
        OpenAiStreamingChatModel model = OpenAiStreamingChatModel.builder()
                .httpClientBuilder(new JdkHttpClientBuilder())
                .baseUrl(url())
                .apiKey(KEY)
                .modelName(TestServer.ID)
                .build();
        StringBuilder chunks = new StringBuilder();
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        model.chat(List.of(mapMessage()), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String text) {
                chunks.append(text);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        assertThat(complete.get(60, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(TestServer.MAP_ANSWER);
        assertThat(chunks).hasToString(TestServer.MAP_ANSWER);
        assertThat(complete.get().tokenUsage().totalTokenCount()).isPositive();
    }
}
