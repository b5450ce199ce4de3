package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.NonFiniteLogitsException;
import org.llava4j.model.generate.PendingAnswer;

/**
 * Handler of {@code POST /v1/chat/completions}. Limits the number of running and queued requests; each runs on its own
 * request thread.
 */
final class CompletionHandler {
    private static final long POLL_MILLIS = 200;
    private static final JsonMapper JSON = new JsonMapper();

    private final LlavaModel model;
    private final ServerOptions options;
    private final ServerMetrics metrics;
    private final RequestImages images;
    private final RequestMemoryBudget memory;
    private final Semaphore slots;

    CompletionHandler(
            LlavaModel model,
            ServerOptions options,
            ServerMetrics metrics,
            RequestImages images,
            RequestMemoryBudget memory) {
        this.model = model;
        this.memory = memory;
        this.options = options;
        this.metrics = metrics;
        this.images = images;
        slots = new Semaphore(options.maxConcurrentRequests() + options.maxQueuedRequests());
    }

    /**
     * Generates the answer to a request and sends it.
     *
     * @throws ApiException if no answer is produced
     */
    void handle(Exchange exchange) throws IOException {
        ChatRequest request = readRequest(exchange);
        try {
            new RunningCompletion(exchange, request).run();
        } catch (NonFiniteLogitsException e) {
            throw ApiException.nonFiniteLogits(e);
        } catch (BadInputException e) {
            throw ApiException.badRequest("messages", e.getMessage());
        } finally {
            releaseSlot();
        }
    }

    /** Reads and parses a request and takes a slot for it. Releases the memory of the body on return. */
    private ChatRequest readRequest(Exchange exchange) throws IOException {
        try (RequestMemoryBudget.Reservation body = memory.reserve()) {
            JsonNode json = exchange.json(options.maxBodyBytes(), options.bodyTimeout(), body);
            if (!slots.tryAcquire()) {
                exchange.header("Retry-After", "1");
                throw ApiException.busy("the server is running " + options.maxConcurrentRequests() + " requests and "
                        + options.maxQueuedRequests() + " are queued; retry later");
            }
            metrics.requestStarted();
            try {
                return ChatRequest.of(json, options, images);
            } catch (RuntimeException | Error e) {
                releaseSlot();
                throw e;
            }
        }
    }

    private void releaseSlot() {
        metrics.requestFinished();
        slots.release();
    }

    /** A chunk of generated text, or the end of the answer. */
    private record TextChunk(String text, boolean last) {}

    /** One running completion. */
    private final class RunningCompletion {
        private final Exchange exchange;
        private final ChatRequest request;
        private final String id = "chatcmpl-" + UUID.randomUUID();
        private final long created = System.currentTimeMillis() / 1000;
        private final long startNanos = System.nanoTime();
        private final BlockingQueue<TextChunk> chunks = new LinkedBlockingQueue<>();
        private Exchange.@Nullable ServerSentEvents events;

        RunningCompletion(Exchange exchange, ChatRequest request) {
            this.exchange = exchange;
            this.request = request;
        }

        void run() throws IOException {
            PendingAnswer pending = model.submit(
                    request.question(), request.decoding(), text -> chunks.add(new TextChunk(text, false)));
            pending.answer().whenComplete((answer, failure) -> chunks.add(new TextChunk("", true)));
            try {
                forwardChunks();
                Answer answer = pending.answer().join();
                metrics.completed(answer, seconds());
                sendAnswer(answer);
            } catch (CompletionException e) {
                fail(e.getCause() instanceof RuntimeException cause ? cause : e);
            } catch (ApiException e) {
                metrics.aborted("timeout");
                fail(e);
            } catch (IOException e) {
                metrics.aborted("client gone");
                throw e;
            } finally {
                // Has no effect on a finished answer; stops generation after a timeout or disconnect.
                pending.cancel();
            }
        }

        /** Forwards generated text until the answer is complete. */
        private void forwardChunks() throws IOException {
            boolean sentFirst = false;
            long lastCheck = startNanos;
            for (TextChunk chunk = nextChunk(); chunk == null || !chunk.last(); chunk = nextChunk()) {
                if (System.nanoTime() - startNanos > options.timeout().toNanos()) {
                    throw ApiException.timeout("the answer was not complete after "
                            + options.timeout().toSeconds() + " s");
                }
                if (System.nanoTime() - lastCheck > TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)) {
                    lastCheck = System.nanoTime();
                    if (exchange.isClientDisconnected()) {
                        throw new IOException("the client is disconnected");
                    }
                }
                if (chunk == null) {
                    continue;
                }
                if (!sentFirst) {
                    metrics.firstText(seconds());
                    sentFirst = true;
                }
                if (request.stream()) {
                    stream().send(chunk(JSON.createObjectNode().put("content", chunk.text()), null));
                }
            }
        }

        /** The next chunk; null if there is none for a while. */
        private @Nullable TextChunk nextChunk() throws IOException {
            try {
                return chunks.poll(POLL_MILLIS + 1, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("the server is stopping", e);
            }
        }

        private double seconds() {
            return (System.nanoTime() - startNanos) / 1e9;
        }

        private void sendAnswer(Answer answer) throws IOException {
            String finish = answer.finishReason() == FinishReason.STOP ? "stop" : "length";
            if (request.stream()) {
                Exchange.ServerSentEvents stream = stream();
                stream.send(chunk(JSON.createObjectNode(), finish));
                if (request.streamUsage()) {
                    ObjectNode last = newBody("chat.completion.chunk");
                    last.putArray("choices");
                    last.set("usage", usage(answer));
                    stream.send(last);
                }
                stream.send("[DONE]");
                stream.close();
                return;
            }
            ObjectNode body = newBody("chat.completion");
            ObjectNode choice = body.putArray("choices").addObject();
            choice.put("index", 0);
            choice.putObject("message")
                    .put("role", "assistant")
                    .put("content", answer.text())
                    .putNull("refusal");
            choice.putNull("logprobs");
            choice.put("finish_reason", finish);
            body.set("usage", usage(answer));
            exchange.send(200, body);
        }

        private ObjectNode newBody(String object) {
            return JSON.createObjectNode()
                    .put("id", id)
                    .put("object", object)
                    .put("created", created)
                    .put("model", options.modelId());
        }

        /** The stream of the answer, which starts with the role. */
        private Exchange.ServerSentEvents stream() throws IOException {
            Exchange.ServerSentEvents stream = events;
            if (stream == null) {
                stream = exchange.events();
                events = stream;
                stream.send(
                        chunk(JSON.createObjectNode().put("role", "assistant").put("content", ""), null));
            }
            return stream;
        }

        private ObjectNode chunk(ObjectNode delta, @Nullable String finish) {
            ObjectNode chunk = newBody("chat.completion.chunk");
            ObjectNode choice = chunk.putArray("choices").addObject();
            choice.put("index", 0);
            choice.set("delta", delta);
            choice.putNull("logprobs");
            choice.put("finish_reason", finish);
            return chunk;
        }

        private ObjectNode usage(Answer answer) {
            return JSON.createObjectNode()
                    .put("prompt_tokens", answer.promptTokens())
                    .put("completion_tokens", answer.newTokens())
                    .put("total_tokens", answer.promptTokens() + answer.newTokens());
        }

        /** Sends an error: as the response if none is started, else as the last event of the stream. */
        private void fail(RuntimeException failure) throws IOException {
            if (events == null) {
                throw failure;
            }
            events.send(Exchange.error(streamError(failure)));
            events.close();
        }

        private static ApiException streamError(RuntimeException failure) {
            if (failure instanceof ApiException error) {
                return error;
            }
            if (failure instanceof NonFiniteLogitsException logits) {
                return ApiException.nonFiniteLogits(logits);
            }
            return new ApiException(500, "server_error", null, null, "generation failed");
        }
    }
}
