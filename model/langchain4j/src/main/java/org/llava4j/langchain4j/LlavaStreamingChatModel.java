package org.llava4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.llava4j.model.chat.LlavaModel;

/**
 * LangChain4j's {@link StreamingChatModel} on a LLaVA in the same JVM; see {@link LlavaChatModel}. Handlers run on an executor,
 * one callback of an answer at a time, so that a slow handler does not stop the model. All errors go to the handler.
 */
public final class LlavaStreamingChatModel extends ChatModelProperties implements StreamingChatModel {
    private final Executor executor;

    private LlavaStreamingChatModel(ChatBackend backend, Executor executor) {
        super(backend);
        this.executor = executor;
    }

    /** A chat model with the defaults of all options. */
    public static LlavaStreamingChatModel of(LlavaModel model) {
        return builder(model).build();
    }

    /**
     * A builder of a chat model.
     *
     * @param model a loaded model, which must stay open while the chat model is used; it is not closed
     */
    public static Builder builder(LlavaModel model) {
        return new Builder(model);
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        new StreamedAnswer(backend, handler, executor).start(request);
    }

    /** Builder of a {@link LlavaStreamingChatModel}. */
    public static final class Builder extends ChatModelBuilder<Builder> {
        private Executor executor = DefaultExecutor.THREADS;

        private Builder(LlavaModel model) {
            super(model);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Executor of handlers. An answer whose callbacks it rejects is cancelled, with the rejection as its error. Default:
         * daemon threads, one for each answer whose handler runs.
         */
        public Builder executor(Executor callbacks) {
            executor = callbacks;
            return this;
        }

        /** Builds the chat model. */
        public LlavaStreamingChatModel build() {
            return new LlavaStreamingChatModel(backend(), executor);
        }
    }

    /** Threads that end after a minute without work. */
    static final class DefaultExecutor {
        static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "llava4j-langchain4j");
            thread.setDaemon(true);
            return thread;
        });
    }
}
