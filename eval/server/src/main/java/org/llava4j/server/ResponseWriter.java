package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.TokenLogprobs;

/** Writer of responses, whole or as typed events. A response has one output item, a message with one text. */
final class ResponseWriter extends AnswerWriter {
    private final ResponseRequest request;
    private final String id = newId("resp_");
    private final String itemId = newId("msg_");
    private int events;

    ResponseWriter(Exchange exchange, ServerOptions options, LlavaModel model, ResponseRequest request) {
        super(exchange, options, model);
        this.request = request;
    }

    private static String newId(String prefix) {
        return prefix + UUID.randomUUID().toString().replace("-", "");
    }

    @Override
    void begin(Exchange.ServerSentEvents stream, List<RunningAnswer> running) throws IOException {
        send(stream, "response.created", "response", newResponse("in_progress"));
        send(stream, "response.in_progress", "response", newResponse("in_progress"));
        sendItem(stream, "response.output_item.added", item("in_progress", JSON.arrayNode()));
        sendPart(stream, "response.content_part.added", part("", List.of()));
    }

    @Override
    void text(Exchange.ServerSentEvents stream, RunningAnswer answer, String text) throws IOException {
        ObjectNode event = newContentEvent();
        event.put("delta", text);
        event.set("logprobs", logprobs(answer.nextLogprobs()));
        send(stream, "response.output_text.delta", event);
    }

    @Override
    void end(Exchange.ServerSentEvents stream, List<RunningAnswer> running, List<Answer> answers) throws IOException {
        Answer answer = answers.get(0);
        ObjectNode done = newContentEvent();
        done.put("text", answer.text());
        done.set("logprobs", logprobs(answer.logprobs()));
        send(stream, "response.output_text.done", done);
        sendPart(stream, "response.content_part.done", part(answer.text(), answer.logprobs()));
        sendItem(stream, "response.output_item.done", item(answer));
        send(stream, "response." + status(answer), "response", response(answer));
    }

    @Override
    JsonNode body(List<RunningAnswer> running, List<Answer> answers) {
        return response(answers.get(0));
    }

    /** Sends the {@code error} event, with the fields of OpenAI's and the {@code error} object that clients read. */
    @Override
    void error(Exchange.ServerSentEvents stream, ApiException error) throws IOException {
        ObjectNode event = JSON.objectNode()
                .put("code", error.code() == null ? error.type() : error.code())
                .put("message", error.getMessage())
                .put("param", error.parameter());
        event.setAll(Exchange.error(error));
        send(stream, "error", event);
    }

    private void send(Exchange.ServerSentEvents stream, String type, String name, JsonNode value) throws IOException {
        ObjectNode event = JSON.objectNode();
        event.set(name, value);
        send(stream, type, event);
    }

    private void sendItem(Exchange.ServerSentEvents stream, String type, ObjectNode item) throws IOException {
        ObjectNode event = JSON.objectNode().put("output_index", 0);
        event.set("item", item);
        send(stream, type, event);
    }

    private void sendPart(Exchange.ServerSentEvents stream, String type, ObjectNode part) throws IOException {
        ObjectNode event = newContentEvent();
        event.set("part", part);
        send(stream, type, event);
    }

    private void send(Exchange.ServerSentEvents stream, String type, ObjectNode fields) throws IOException {
        ObjectNode event = JSON.objectNode().put("type", type).put("sequence_number", events++);
        event.setAll(fields);
        stream.send(type, event);
    }

    /** The fields that name the text of the answer. */
    private ObjectNode newContentEvent() {
        return JSON.objectNode().put("item_id", itemId).put("output_index", 0).put("content_index", 0);
    }

    private ArrayNode logprobs(List<TokenLogprobs> tokens) {
        return LogprobsJson.list(tokens, model::tokenBytes);
    }

    private ObjectNode part(String text, List<TokenLogprobs> tokens) {
        ObjectNode part = JSON.objectNode().put("type", "output_text").put("text", text);
        part.putArray("annotations");
        part.set("logprobs", logprobs(tokens));
        return part;
    }

    private ObjectNode item(String status, ArrayNode content) {
        ObjectNode item = JSON.objectNode()
                .put("id", itemId)
                .put("type", "message")
                .put("status", status)
                .put("role", "assistant");
        item.set("content", content);
        return item;
    }

    private ObjectNode item(Answer answer) {
        return item(status(answer), JSON.arrayNode().add(part(answer.text(), answer.logprobs())));
    }

    /** Status of a response and of its item. */
    private static String status(Answer answer) {
        return isComplete(answer) ? "completed" : "incomplete";
    }

    private ObjectNode newResponse(String status) {
        ObjectNode response = JSON.objectNode()
                .put("id", id)
                .put("object", "response")
                .put("created_at", created())
                .put("status", status)
                .put("model", options.modelId())
                .putNull("error")
                .putNull("incomplete_details")
                .putNull("usage");
        response.putArray("output");
        response.setAll(request.settings());
        return response;
    }

    private ObjectNode response(Answer answer) {
        ObjectNode response = newResponse(status(answer));
        if (isComplete(answer)) {
            // Not before its creation, even if the clock was set back meanwhile.
            response.put("completed_at", Math.max(created(), System.currentTimeMillis() / 1000));
        } else {
            response.putObject("incomplete_details").put("reason", "max_output_tokens");
        }
        response.withArray("/output").add(item(answer));
        ObjectNode usage = response.putObject("usage").put("input_tokens", answer.promptTokens());
        // Clients require cache_write_tokens. What the KV cache keeps is not counted.
        usage.putObject("input_tokens_details")
                .put("cached_tokens", answer.cachedTokens())
                .put("cache_write_tokens", 0);
        usage.put("output_tokens", answer.newTokens());
        usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
        usage.put("total_tokens", answer.promptTokens() + answer.newTokens());
        return response;
    }
}
