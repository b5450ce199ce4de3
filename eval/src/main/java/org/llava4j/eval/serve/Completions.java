package org.llava4j.eval.serve;

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
import org.llava4j.data.BadInputException;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.Answering;
import org.llava4j.model.generate.Generation.Finish;
import org.llava4j.model.generate.NonFiniteLogitsException;

/** {@code POST /v1/chat/completions}: as many at once as may run and wait, each on its request's thread. */
final class Completions {
    private static final long POLL_MILLIS = 200;
    private static final JsonMapper JSON = new JsonMapper();

    private final LlavaModel model;
    private final ServeOptions options;
    private final ServerMetrics metrics;
    private final Pictures pictures;
    private final BodyMemory memory;
    private final Semaphore places;

    Completions(LlavaModel model, ServeOptions options, ServerMetrics metrics, Pictures pictures, BodyMemory memory) {
        this.model = model;
        this.memory = memory;
        this.options = options;
        this.metrics = metrics;
        this.pictures = pictures;
        places = new Semaphore(options.atOnce() + options.queue());
    }

    /** @throws ApiException if there is no answer */
    void answer(Exchange exchange) throws IOException {
        ChatRequest request = placed(exchange);
        try {
            new Running(exchange, request).run();
        } catch (NonFiniteLogitsException e) {
            throw ApiException.nonFiniteLogits(e);
        } catch (BadInputException e) {
            throw ApiException.badRequest("messages", e.getMessage());
        } finally {
            leave();
        }
    }

    /** Reads a request and takes a place for it; nothing of its body is held when this returns. */
    private ChatRequest placed(Exchange exchange) throws IOException {
        try (BodyMemory.Part body = memory.begin()) {
            JsonNode json = exchange.json(options.maxBodyBytes(), options.bodyTimeout(), body);
            if (!places.tryAcquire()) {
                exchange.header("Retry-After", "1");
                throw ApiException.busy("the server answers " + options.atOnce() + " questions and " + options.queue()
                        + " wait; ask again later");
            }
            metrics.begun();
            try {
                return ChatRequest.of(json, options, pictures);
            } catch (RuntimeException | Error e) {
                leave();
                throw e;
            }
        }
    }

    private void leave() {
        metrics.ended();
        places.release();
    }

    /** A part of an answer, or its end. */
    private record Part(String text, boolean last) {}

    /** One answer under way. */
    private final class Running {
        private final Exchange exchange;
        private final ChatRequest request;
        private final String id = "chatcmpl-" + UUID.randomUUID();
        private final long created = System.currentTimeMillis() / 1000;
        private final long begun = System.nanoTime();
        private final BlockingQueue<Part> parts = new LinkedBlockingQueue<>();
        private Exchange.Events events;

        Running(Exchange exchange, ChatRequest request) {
            this.exchange = exchange;
            this.request = request;
        }

        void run() throws IOException {
            Answering answering =
                    model.ask(request.question(), request.decoding(), text -> parts.add(new Part(text, false)));
            answering.answer().whenComplete((answer, failure) -> parts.add(new Part("", true)));
            try {
                hear();
                Answer answer = answering.answer().join();
                metrics.answered(answer, seconds());
                reply(answer);
            } catch (CompletionException e) {
                fail(e.getCause() instanceof RuntimeException cause ? cause : e);
            } catch (ApiException e) {
                metrics.abandoned("timeout");
                fail(e);
            } catch (IOException e) {
                metrics.abandoned("client gone");
                throw e;
            } finally {
                // Nothing where it is whole; where it is not, nobody waits for it any more.
                answering.cancel();
            }
        }

        /** Hands on what is said until all is. */
        private void hear() throws IOException {
            boolean any = false;
            long looked = begun;
            for (Part part = next(); part == null || !part.last(); part = next()) {
                if (System.nanoTime() - begun > options.timeout().toNanos()) {
                    throw ApiException.timeout("the answer was not whole after "
                            + options.timeout().toSeconds() + " s");
                }
                if (System.nanoTime() - looked > TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)) {
                    looked = System.nanoTime();
                    if (exchange.clientIsGone()) {
                        throw new IOException("the client has gone");
                    }
                }
                if (part == null) {
                    continue;
                }
                if (!any) {
                    metrics.firstText(seconds());
                    any = true;
                }
                if (request.stream()) {
                    piece(JSON.createObjectNode().put("content", part.text()), null);
                }
            }
        }

        private Part next() throws IOException {
            try {
                return parts.poll(POLL_MILLIS + 1, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("the server is stopping", e);
            }
        }

        private double seconds() {
            return (System.nanoTime() - begun) / 1e9;
        }

        private void reply(Answer answer) throws IOException {
            String finish = answer.finish() == Finish.STOP ? "stop" : "length";
            if (request.stream()) {
                piece(JSON.createObjectNode(), finish);
                if (request.streamUsage()) {
                    ObjectNode last = head("chat.completion.chunk");
                    last.putArray("choices");
                    last.set("usage", usage(answer));
                    events.send(last);
                }
                events.send("[DONE]");
                events.close();
                return;
            }
            ObjectNode body = head("chat.completion");
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

        private ObjectNode head(String object) {
            return JSON.createObjectNode()
                    .put("id", id)
                    .put("object", object)
                    .put("created", created)
                    .put("model", options.modelId());
        }

        private void piece(ObjectNode delta, String finish) throws IOException {
            if (events == null) {
                events = exchange.events();
                piece(JSON.createObjectNode().put("role", "assistant").put("content", ""), null);
            }
            ObjectNode piece = head("chat.completion.chunk");
            ObjectNode choice = piece.putArray("choices").addObject();
            choice.put("index", 0);
            choice.set("delta", delta);
            choice.putNull("logprobs");
            choice.put("finish_reason", finish);
            events.send(piece);
        }

        private ObjectNode usage(Answer answer) {
            return JSON.createObjectNode()
                    .put("prompt_tokens", answer.promptTokens())
                    .put("completion_tokens", answer.newTokens())
                    .put("total_tokens", answer.promptTokens() + answer.newTokens());
        }

        /** Tells of a failure: as the response while there is none, else as the stream's last event. */
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
            return new ApiException(500, "server_error", null, null, "the answer broke off");
        }
    }
}
