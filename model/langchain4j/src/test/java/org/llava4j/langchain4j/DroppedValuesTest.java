package org.llava4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.llava4j.model.chat.LlavaModel;

/** Values of requests that would be dropped: parameters of other models, images of answers. */
class DroppedValuesTest {
    private static final List<ChatMessage> MESSAGES = List.of(UserMessage.from("Is it?"));

    private static final class OtherParameters extends DefaultChatRequestParameters {
        private OtherParameters(DefaultChatRequestParameters.Builder<?> values) {
            super(values);
        }

        /** As in the classes of LangChain4j's other models. */
        @Override
        public ChatRequestParameters defaultedBy(ChatRequestParameters defaults) {
            return new OtherParameters(DefaultChatRequestParameters.builder()
                    .overrideWith(defaults)
                    .overrideWith(this));
        }
    }

    private static ChatRequestParameters other() {
        return new OtherParameters(DefaultChatRequestParameters.builder().temperature(0.5));
    }

    @Test
    void imagesOfAnswersAreRejected() {
        AiMessage answer = AiMessage.builder()
                .text("Here it is.")
                .attributes(Map.of(
                        "generated_images",
                        List.of(Image.builder().base64Data("AA==").build())))
                .build();
        try (LlavaModel llava = MapModel.load()) {
            assertThatThrownBy(() -> LlavaChatModel.of(llava).chat(MESSAGES.get(0), answer, MESSAGES.get(0)))
                    .isInstanceOf(UnsupportedFeatureException.class)
                    .hasMessageContaining("with tool requests or images");
        }
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
