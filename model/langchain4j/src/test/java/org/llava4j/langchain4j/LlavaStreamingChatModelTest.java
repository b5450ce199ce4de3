package org.llava4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.llava4j.model.chat.LlavaModel;

/** Streamed answers: their parts, their end, and what handlers may do. */
class LlavaStreamingChatModelTest {
    private static LlavaModel llava;
    private static StreamingChatModel model;

    @BeforeAll
    static void load() {
        llava = MapModel.load();
        model = LlavaStreamingChatModel.of(llava);
    }

    @AfterAll
    static void close() {
        llava.close();
    }

    /** A handler that records what it receives. */
    private static class Recorder implements StreamingChatResponseHandler {
        final List<String> parts = new CopyOnWriteArrayList<>();
        final List<Throwable> errors = new CopyOnWriteArrayList<>();
        final List<String> threads = new CopyOnWriteArrayList<>();
        final CompletableFuture<ChatResponse> complete = new CompletableFuture<>();

        @Override
        public void onPartialResponse(String text) {
            parts.add(text);
            threads.add(Thread.currentThread().getName());
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            complete.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            errors.add(error);
        }

        ChatResponse await() throws Exception {
            return complete.get(60, TimeUnit.SECONDS);
        }
    }

    private static <H extends StreamingChatResponseHandler> H ask(H handler, ChatMessage... messages) {
        model.chat(List.of(messages), handler);
        return handler;
    }

    @Test
    void partsJoinToAnswerOutsideModelThread() throws Exception {
        Recorder recorder = ask(new Recorder(), MapModel.message());
        assertThat(recorder.await().aiMessage().text()).isEqualTo(MapModel.ANSWER);
        assertThat(recorder.await().tokenUsage().outputTokenCount()).isEqualTo(5);
        assertThat(recorder.parts).hasSizeGreaterThan(2);
        assertThat(String.join("", recorder.parts)).isEqualTo(MapModel.ANSWER);
        assertThat(recorder.threads).doesNotContain("llava4j-scheduler");
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void handlerMayAskTheModel() throws Exception {
        CompletableFuture<String> inner = new CompletableFuture<>();
        ask(
                        new Recorder() {
                            @Override
                            public void onPartialResponse(String text) {
                                if (!inner.isDone()) {
                                    inner.complete(llava.answer(MapModel.MAP, MapModel.QUESTION));
                                }
                            }
                        },
                        MapModel.message())
                .await();
        assertThat(inner.join()).isEqualTo(MapModel.ANSWER);
    }

    @Test
    void cancelledHandlerReceivesNothingMore() throws Exception {
        CompletableFuture<PartialResponseContext> first = new CompletableFuture<>();
        Recorder recorder = new Recorder() {
            @Override
            public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                onPartialResponse(part.text());
                context.streamingHandle().cancel();
                first.complete(context);
            }
        };
        model.chat(longRequest(), recorder);
        assertThat(first.get(60, TimeUnit.SECONDS).streamingHandle().isCancelled())
                .isTrue();
        // The next answer of the same model ends after the cancelled one.
        ask(new Recorder(), MapModel.message()).await();
        assertThat(recorder.parts).hasSize(1);
        assertThat(recorder.complete).isNotDone();
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void exceptionOfHandlerGoesToHandler() throws Exception {
        Recorder recorder = ask(
                new Recorder() {
                    @Override
                    public void onPartialResponse(String text) {
                        super.onPartialResponse(text);
                        throw new IllegalStateException("part " + parts.size());
                    }
                },
                MapModel.message());
        assertThat(recorder.await().aiMessage().text()).isEqualTo(MapModel.ANSWER);
        assertThat(recorder.errors)
                .hasSameSizeAs(recorder.parts)
                .first()
                .hasToString("java.lang.IllegalStateException: part 1");
    }

    @Test
    void errorOfHandlerGoesToHandler() throws Exception {
        Recorder recorder = ask(
                new Recorder() {
                    @Override
                    public void onPartialResponse(String text) {
                        super.onPartialResponse(text);
                        throw new AssertionError("part " + parts.size());
                    }

                    @Override
                    public void onError(Throwable error) {
                        super.onError(error);
                        throw new AssertionError("again");
                    }
                },
                MapModel.message());
        assertThat(recorder.await().aiMessage().text()).isEqualTo(MapModel.ANSWER);
        assertThat(recorder.errors)
                .hasSameSizeAs(recorder.parts)
                .first()
                .hasToString("java.lang.AssertionError: part 1");
    }

    @Test
    void rejectedCallbackCancelsAnswer() throws Exception {
        AtomicInteger tasks = new AtomicInteger();
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Recorder recorder = new Recorder() {
            @Override
            public void onError(Throwable error) {
                super.onError(new IllegalStateException(Thread.currentThread().getName(), error));
                failed.complete(error);
            }
        };
        LlavaStreamingChatModel.builder(llava)
                .executor(task -> {
                    if (tasks.incrementAndGet() > 3) {
                        throw new RejectedExecutionException("closed");
                    }
                    task.run();
                })
                .build()
                .chat(longRequest(), recorder);
        assertThat(failed.get(60, TimeUnit.SECONDS)).hasMessage("closed");
        // The next answer of the same model ends after the cancelled one.
        ask(new Recorder(), MapModel.message()).await();
        assertThat(recorder.parts).hasSize(3);
        assertThat(recorder.complete).isNotDone();
        assertThat(recorder.errors)
                .singleElement()
                .extracting(Throwable::getMessage)
                .isEqualTo("llava4j-langchain4j");
    }

    private static ChatRequest longRequest() {
        return ChatRequest.builder()
                .messages(UserMessage.from("Is it east?"))
                .temperature(4.0)
                .maxOutputTokens(200)
                .build();
    }

    @Test
    void errorsGoToHandler() throws Exception {
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Recorder handler = new Recorder() {
            @Override
            public void onError(Throwable error) {
                failed.complete(error);
            }
        };
        ask(handler, UserMessage.from("word ".repeat(500)));
        assertThat(failed.get(60, TimeUnit.SECONDS)).isInstanceOf(InvalidRequestException.class);
        CompletableFuture<Throwable> tools = new CompletableFuture<>();
        model.chat(
                ChatRequest.builder()
                        .messages(UserMessage.from("Is it?"))
                        .toolChoice(ToolChoice.REQUIRED)
                        .build(),
                new Recorder() {
                    @Override
                    public void onError(Throwable error) {
                        tools.complete(error);
                    }
                });
        assertThat(tools.get(60, TimeUnit.SECONDS)).isInstanceOf(UnsupportedFeatureException.class);
    }

    @Test
    void closedModelEndsStreamWithError() {
        LlavaModel closed = MapModel.load();
        closed.close();
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Recorder recorder = new Recorder() {
            @Override
            public void onError(Throwable error) {
                failed.complete(error);
            }
        };
        LlavaStreamingChatModel.of(closed).chat(List.of(MapModel.message()), recorder);
        assertThat(failed.orTimeout(60, TimeUnit.SECONDS).join()).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> LlavaChatModel.of(closed).chat(MapModel.message()))
                .isInstanceOf(RuntimeException.class);
    }
}
