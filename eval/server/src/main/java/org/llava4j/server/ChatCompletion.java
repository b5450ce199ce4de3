package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.NonFiniteLogitsException;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.generate.TokenLogprobs;

/**
 * Answers of one chat completion request: generates its choices and sends them, whole or as server-sent events. Runs on
 * the request's thread.
 */
final class ChatCompletion {
    private static final long POLL_MILLIS = 200;
    private static final JsonMapper JSON = new JsonMapper();

    private final LlavaModel model;
    private final ServerOptions options;
    private final ServerMetrics metrics;
    private final Exchange exchange;
    private final ChatRequest request;
    private final RequestWatch watch;
    private final String id = "chatcmpl-" + UUID.randomUUID();
    private final long created = System.currentTimeMillis() / 1000;
    private final long startNanos = System.nanoTime();
    private final BlockingQueue<TextChunk> chunks = new LinkedBlockingQueue<>();
    private final List<Choice> choices = new ArrayList<>();
    private Exchange.@Nullable ServerSentEvents events;

    /** A part of the text of a choice, or its end. */
    private record TextChunk(int choice, String text, boolean last) {}

    /** An answer of the request. */
    private static final class Choice {
        private final int index;
        private final PendingAnswer pending;
        private int sentLogprobs;

        Choice(int index, PendingAnswer pending) {
            this.index = index;
            this.pending = pending;
        }

        /** Log-probabilities of the tokens since the last call. */
        List<TokenLogprobs> nextLogprobs() {
            List<TokenLogprobs> all = pending.logprobs();
            List<TokenLogprobs> next = List.copyOf(all.subList(sentLogprobs, all.size()));
            sentLogprobs += next.size();
            return next;
        }
    }

    /** @param watch over the request; also ends the answers of a stopping server */
    ChatCompletion(
            LlavaModel model,
            ServerOptions options,
            ServerMetrics metrics,
            Exchange exchange,
            ChatRequest request,
            RequestWatch watch) {
        this.model = model;
        this.options = options;
        this.metrics = metrics;
        this.exchange = exchange;
        this.request = request;
        this.watch = watch;
    }

    /** Number of answers ({@code n}). */
    int choiceCount() {
        return request.choices();
    }

    /**
     * Generates the answers and sends them.
     *
     * @throws IOException if the client is disconnected
     * @throws RuntimeException if generation fails before the response has started
     */
    void run() throws IOException {
        try {
            for (int i = 0; i < request.choices(); i++) {
                choices.add(submit(i));
            }
            forwardChunks();
            List<Answer> answers = choices.stream()
                    .map(choice -> choice.pending.answer().join())
                    .toList();
            answers.forEach(answer -> metrics.completed(answer, seconds()));
            sendAnswers(answers);
        } catch (CompletionException e) {
            fail(e.getCause() instanceof RuntimeException cause ? cause : e);
        } catch (ApiException e) {
            metrics.aborted(e.isTimeout() ? "timeout" : "server stopping");
            fail(e);
        } catch (IOException e) {
            metrics.aborted("client gone");
            throw e;
        } finally {
            // Has no effect on a finished answer; stops generation after a timeout or disconnect.
            choices.forEach(choice -> choice.pending.cancel());
        }
    }

    /** Submits a choice. Each has a seed of its own; the first one's is that of the request. */
    private Choice submit(int index) {
        SamplingOptions sampling = request.decoding().sampling();
        DecodingOptions decoding = request.decoding().withSampling(sampling.withSeed(sampling.seed() + index));
        PendingAnswer pending =
                model.submit(request.question(), decoding, text -> chunks.add(new TextChunk(index, text, false)));
        pending.answer().whenComplete((answer, failure) -> chunks.add(new TextChunk(index, "", true)));
        return new Choice(index, pending);
    }

    /** Forwards generated text until all answers are complete. */
    private void forwardChunks() throws IOException {
        boolean sentFirst = false;
        int running = choices.size();
        while (running > 0) {
            TextChunk chunk = nextChunk();
            try {
                watch.check();
            } catch (RequestWatch.ClientGoneException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (chunk == null) {
                continue;
            }
            if (chunk.last()) {
                running--;
                continue;
            }
            if (!sentFirst) {
                metrics.firstText(seconds());
                sentFirst = true;
            }
            if (request.stream()) {
                stream()
                        .send(chunk(
                                choices.get(chunk.choice()),
                                JSON.createObjectNode().put("content", chunk.text()),
                                null));
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

    private void sendAnswers(List<Answer> answers) throws IOException {
        if (request.stream()) {
            Exchange.ServerSentEvents stream = stream();
            for (Choice choice : choices) {
                stream.send(chunk(choice, JSON.createObjectNode(), finishReason(answers.get(choice.index))));
            }
            if (request.streamUsage()) {
                ObjectNode last = newBody("chat.completion.chunk");
                last.putArray("choices");
                last.set("usage", usage(answers));
                stream.send(last);
            }
            stream.send("[DONE]");
            stream.close();
            return;
        }
        ObjectNode body = newBody("chat.completion");
        ArrayNode all = body.putArray("choices");
        for (Choice choice : choices) {
            Answer answer = answers.get(choice.index);
            ObjectNode node = all.addObject();
            node.put("index", choice.index);
            node.putObject("message")
                    .put("role", "assistant")
                    .put("content", answer.text())
                    .putNull("refusal");
            node.set("logprobs", logprobs(choice));
            node.put("finish_reason", finishReason(answer));
        }
        body.set("usage", usage(answers));
        exchange.send(200, body);
    }

    private static String finishReason(Answer answer) {
        return answer.finishReason() == FinishReason.STOP ? "stop" : "length";
    }

    private ObjectNode newBody(String object) {
        return JSON.createObjectNode()
                .put("id", id)
                .put("object", object)
                .put("created", created)
                .put("model", options.modelId());
    }

    /** The stream of the answers, which starts with the role of each. */
    private Exchange.ServerSentEvents stream() throws IOException {
        Exchange.ServerSentEvents stream = events;
        if (stream == null) {
            stream = exchange.events();
            events = stream;
            for (Choice choice : choices) {
                ObjectNode delta =
                        JSON.createObjectNode().put("role", "assistant").put("content", "");
                stream.send(withChoice(choice, delta, NullNode.instance, null));
            }
        }
        return stream;
    }

    private ObjectNode chunk(Choice choice, ObjectNode delta, @Nullable String finish) {
        return withChoice(choice, delta, logprobs(choice), finish);
    }

    private ObjectNode withChoice(Choice choice, ObjectNode delta, JsonNode logprobs, @Nullable String finish) {
        ObjectNode chunk = newBody("chat.completion.chunk");
        ObjectNode node = chunk.putArray("choices").addObject();
        node.put("index", choice.index);
        node.set("delta", delta);
        node.set("logprobs", logprobs);
        node.put("finish_reason", finish);
        return chunk;
    }

    private JsonNode logprobs(Choice choice) {
        return request.decoding().topLogprobs() == DecodingOptions.NO_LOGPROBS
                ? NullNode.instance
                : LogprobsJson.of(choice.nextLogprobs(), model::tokenBytes);
    }

    /** Token counts; the prompt counts once, however many choices there are. */
    private ObjectNode usage(List<Answer> answers) {
        int prompt = answers.get(0).promptTokens();
        int completion = answers.stream().mapToInt(Answer::newTokens).sum();
        ObjectNode usage = JSON.createObjectNode()
                .put("prompt_tokens", prompt)
                .put("completion_tokens", completion)
                .put("total_tokens", prompt + completion);
        usage.putObject("prompt_tokens_details")
                .put("cached_tokens", answers.get(0).cachedTokens());
        return usage;
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
