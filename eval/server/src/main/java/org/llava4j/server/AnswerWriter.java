package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.Generation.FinishReason;

/**
 * Writer of the answers of one request in the format of its endpoint, whole or as server-sent events. The stream starts
 * with the first text, so that earlier errors have a status of their own. Runs on the request's thread.
 */
abstract class AnswerWriter {
    static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    final ServerOptions options;
    final LlavaModel model;
    private final Exchange exchange;
    private final long created = System.currentTimeMillis() / 1000;
    private Exchange.@Nullable ServerSentEvents events;

    AnswerWriter(Exchange exchange, ServerOptions options, LlavaModel model) {
        this.exchange = exchange;
        this.options = options;
        this.model = model;
    }

    /** Sends what a stream begins with. */
    abstract void begin(Exchange.ServerSentEvents stream, List<RunningAnswer> answers) throws IOException;

    /** Sends a part of an answer's text. */
    abstract void text(Exchange.ServerSentEvents stream, RunningAnswer answer, String text) throws IOException;

    /** Sends what a stream ends with. */
    abstract void end(Exchange.ServerSentEvents stream, List<RunningAnswer> running, List<Answer> answers)
            throws IOException;

    /** The whole response. */
    abstract JsonNode body(List<RunningAnswer> running, List<Answer> answers);

    /** Sends an error as the last event of a stream. */
    void error(Exchange.ServerSentEvents stream, ApiException error) throws IOException {
        stream.send(Exchange.error(error));
    }

    /** Streams a part of an answer's text. */
    final void stream(List<RunningAnswer> running, RunningAnswer answer, String text) throws IOException {
        text(started(running), answer, text);
    }

    /** Ends the stream. */
    final void endStream(List<RunningAnswer> running, List<Answer> answers) throws IOException {
        Exchange.ServerSentEvents stream = started(running);
        end(stream, running, answers);
        stream.close();
    }

    /** Sends the whole response. */
    final void send(List<RunningAnswer> running, List<Answer> answers) throws IOException {
        exchange.send(200, body(running, answers));
    }

    /**
     * Sends an error to a stream and ends it.
     *
     * @return whether there is a stream; otherwise nothing is sent
     */
    final boolean endWithError(ApiException error) throws IOException {
        if (events == null) {
            return false;
        }
        error(events, error);
        events.close();
        return true;
    }

    private Exchange.ServerSentEvents started(List<RunningAnswer> running) throws IOException {
        Exchange.ServerSentEvents stream = events;
        if (stream == null) {
            stream = exchange.events();
            events = stream;
            begin(stream, running);
        }
        return stream;
    }

    /** Time of the request, in seconds since 1970. */
    final long created() {
        return created;
    }

    static String finishReason(Answer answer) {
        return isComplete(answer) ? "stop" : "length";
    }

    /** Whether the model ended the answer, and not the maximum number of tokens. */
    static boolean isComplete(Answer answer) {
        return answer.finishReason() == FinishReason.STOP;
    }

    /**
     * Token counts of completions. A prompt counts once, however many choices it has.
     *
     * @param choices number of answers for each prompt
     */
    static ObjectNode usage(List<Answer> answers, int choices) {
        int prompt = 0;
        int cached = 0;
        for (int i = 0; i < answers.size(); i += choices) {
            prompt += answers.get(i).promptTokens();
            cached += answers.get(i).cachedTokens();
        }
        int completion = answers.stream().mapToInt(Answer::newTokens).sum();
        ObjectNode usage = JSON.objectNode()
                .put("prompt_tokens", prompt)
                .put("completion_tokens", completion)
                .put("total_tokens", prompt + completion);
        usage.putObject("prompt_tokens_details").put("cached_tokens", cached);
        return usage;
    }
}
