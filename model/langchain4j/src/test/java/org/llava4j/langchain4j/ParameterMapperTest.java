package org.llava4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.llava4j.model.chat.LlavaModel;

/** Parameters of other models, whose own values would be dropped. */
class ParameterMapperTest {
    private static final List<ChatMessage> MESSAGES = List.of(UserMessage.from("Is it?"));

    private static final class OtherParameters extends DefaultChatRequestParameters {
        private OtherParameters(DefaultChatRequestParameters.Builder<?> values) {
            super(values);
        }
    }

    private static ChatRequestParameters other() {
        return new OtherParameters(DefaultChatRequestParameters.builder().temperature(0.5));
    }

    @Test
    void requestsRejectParametersOfOtherModels() throws Exception {
        ChatRequest request =
                ChatRequest.builder().messages(MESSAGES).parameters(other()).build();
        try (LlavaModel llava = MapModel.load()) {
            assertThatThrownBy(() -> LlavaChatModel.of(llava).chat(request))
                    .isInstanceOf(UnsupportedFeatureException.class)
                    .hasMessageContaining("OtherParameters are not supported");
            CompletableFuture<Throwable> error = new CompletableFuture<>();
            LlavaStreamingChatModel.of(llava).chat(request, new StreamingChatResponseHandler() {
                @Override
                public void onCompleteResponse(ChatResponse response) {
                    error.completeExceptionally(new AssertionError("an answer"));
                }

                @Override
                public void onError(Throwable failure) {
                    error.complete(failure);
                }
            });
            assertThat(error.get(60, TimeUnit.SECONDS)).isInstanceOf(UnsupportedFeatureException.class);
            assertThatThrownBy(() -> LlavaChatModel.builder(llava).defaultRequestParameters(other()))
                    .isInstanceOf(UnsupportedFeatureException.class)
                    .hasMessageContaining("use ChatRequestParameters.builder()");
        }
    }
}
