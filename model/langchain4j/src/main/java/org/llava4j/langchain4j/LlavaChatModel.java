package org.llava4j.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import org.llava4j.model.chat.LlavaModel;

/**
 * LangChain4j's {@link ChatModel} on a LLaVA in the same JVM. Thread-safe: concurrent requests run as one batch.
 *
 * <ul>
 *   <li>Images are base64 data, data URLs or URLs of local files; none is fetched from a network. Do not pass on file URLs
 *       that users wrote.
 *   <li>Without a {@code temperature}, decoding is greedy. {@code maxOutputTokens} is
 *       {@link LlavaModel#DEFAULT_MAX_NEW_TOKENS} by default.
 *   <li>Special tokens in messages are ordinary text.
 *   <li>The response format JSON constrains answers to its schema, or to any object. The prompt does not contain the
 *       schema.
 *   <li>Tools and parameters of other models are rejected with {@link UnsupportedFeatureException}, invalid requests with
 *       {@link InvalidRequestException}, other model names with {@link ModelNotFoundException}.
 * </ul>
 */
public final class LlavaChatModel extends ChatModelProperties implements ChatModel {
    private LlavaChatModel(ChatBackend backend) {
        super(backend);
    }

    /** A chat model with the defaults of all options. */
    public static LlavaChatModel of(LlavaModel model) {
        return builder(model).build();
    }

    /**
     * A builder of a chat model.
     *
     * @param model must stay open while the chat model is used, which does not close it
     */
    public static Builder builder(LlavaModel model) {
        return new Builder(model);
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return backend.await(backend.submit(request, text -> {}));
    }

    /** Builder of a {@link LlavaChatModel}. */
    public static final class Builder extends ChatModelBuilder<Builder> {
        private Builder(LlavaModel model) {
            super(model);
        }

        @Override
        Builder self() {
            return this;
        }

        /** Builds the chat model. */
        public LlavaChatModel build() {
            return new LlavaChatModel(backend());
        }
    }
}
