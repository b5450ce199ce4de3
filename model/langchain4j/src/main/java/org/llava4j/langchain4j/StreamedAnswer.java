package org.llava4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.PendingAnswer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An answer that is streamed to a handler. After {@link #cancel} the handler receives nothing. If the executor rejects a
 * callback, the answer is cancelled and the handler's {@code onError} runs on a thread of its own.
 */
final class StreamedAnswer implements StreamingHandle {
    private static final Logger LOG = LoggerFactory.getLogger(StreamedAnswer.class);

    private final ChatBackend backend;
    private final StreamingChatResponseHandler handler;
    private final Executor executor;
    private final CompletableFuture<PendingAnswer> pending = new CompletableFuture<>();
    private final Deque<Runnable> callbacks = new ArrayDeque<>();
    /** Whether a task of the executor runs the callbacks; guarded by them. */
    private boolean running;

    private volatile boolean cancelled;

    StreamedAnswer(ChatBackend backend, StreamingChatResponseHandler handler, Executor executor) {
        this.backend = backend;
        this.handler = handler;
        this.executor = executor;
    }

    void start(ChatRequest request) {
        PendingAnswer submitted;
        try {
            submitted = backend.submit(request, text -> enqueue(() -> partial(text)));
        } catch (RuntimeException e) {
            enqueue(() -> handler.onError(e));
            return;
        }
        pending.complete(submitted);
        submitted.answer().whenComplete((answer, failure) -> enqueue(() -> end(answer, failure)));
    }

    private void partial(String text) {
        handler.onPartialResponse(new PartialResponse(text), new PartialResponseContext(this));
    }

    private void end(@Nullable Answer answer, @Nullable Throwable failure) {
        if (answer != null) {
            handler.onCompleteResponse(backend.response(answer));
        } else {
            handler.onError(failure instanceof RuntimeException e ? ChatBackend.converted(e) : failure);
        }
    }

    /** Runs a callback after the earlier ones. */
    private void enqueue(Runnable callback) {
        synchronized (callbacks) {
            callbacks.add(callback);
            if (running) {
                return;
            }
            running = true;
        }
        try {
            executor.execute(this::runCallbacks);
        } catch (RejectedExecutionException e) {
            // No callback can run any more: running stays true.
            cancel();
            LOG.warn("the executor of a streamed answer rejects its callbacks, so the answer is cancelled", e);
            LlavaStreamingChatModel.DefaultExecutor.THREADS.execute(() -> fail(e));
        }
    }

    private void runCallbacks() {
        for (Runnable next = next(); next != null; next = next()) {
            run(next);
        }
    }

    private @Nullable Runnable next() {
        synchronized (callbacks) {
            Runnable next = callbacks.poll();
            running = next != null;
            return next;
        }
    }

    /** Runs a callback. What it throws goes to the handler, as LangChain4j's other models do. */
    private void run(Runnable callback) {
        if (cancelled) {
            return;
        }
        try {
            callback.run();
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void fail(Throwable failure) {
        try {
            handler.onError(failure);
        } catch (Throwable e) {
            LOG.warn("the handler of a streamed answer failed", e);
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        pending.thenAccept(PendingAnswer::cancel);
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }
}
