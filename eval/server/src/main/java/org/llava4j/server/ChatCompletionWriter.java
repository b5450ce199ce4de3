package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;

/** Writer of chat completions. */
final class ChatCompletionWriter extends AnswerWriter {
    private final ChatRequest request;
    private final String id = "chatcmpl-" + UUID.randomUUID();

    ChatCompletionWriter(Exchange exchange, ServerOptions options, LlavaModel model, ChatRequest request) {
        super(exchange, options, model);
        this.request = request;
    }

    /** Sends the role of each answer. */
    @Override
    void begin(Exchange.ServerSentEvents stream, List<RunningAnswer> running) throws IOException {
        for (RunningAnswer answer : running) {
            ObjectNode delta = JSON.objectNode().put("role", "assistant").put("content", "");
            stream.send(withChoice(answer, delta, NullNode.instance, null));
        }
    }

    @Override
    void text(Exchange.ServerSentEvents stream, RunningAnswer answer, String text) throws IOException {
        stream.send(withChoice(answer, JSON.objectNode().put("content", text), logprobs(answer), null));
    }

    @Override
    void end(Exchange.ServerSentEvents stream, List<RunningAnswer> running, List<Answer> answers) throws IOException {
        for (RunningAnswer answer : running) {
            stream.send(
                    withChoice(answer, JSON.objectNode(), logprobs(answer), finishReason(answers.get(answer.index()))));
        }
        if (request.streamUsage()) {
            ObjectNode last = newBody("chat.completion.chunk");
            last.putArray("choices");
            last.set("usage", usage(answers, request.choices()));
            stream.send(last);
        }
        stream.send("[DONE]");
    }

    @Override
    JsonNode body(List<RunningAnswer> running, List<Answer> answers) {
        ObjectNode body = newBody("chat.completion");
        ArrayNode all = body.putArray("choices");
        for (RunningAnswer each : running) {
            Answer answer = answers.get(each.index());
            ObjectNode node = all.addObject();
            node.put("index", each.index());
            node.putObject("message")
                    .put("role", "assistant")
                    .put("content", answer.text())
                    .putNull("refusal");
            node.set("logprobs", logprobs(each));
            node.put("finish_reason", finishReason(answer));
        }
        body.set("usage", usage(answers, request.choices()));
        return body;
    }

    private ObjectNode newBody(String object) {
        return JSON.objectNode()
                .put("id", id)
                .put("object", object)
                .put("created", created())
                .put("model", options.modelId());
    }

    private ObjectNode withChoice(RunningAnswer answer, ObjectNode delta, JsonNode logprobs, @Nullable String finish) {
        ObjectNode chunk = newBody("chat.completion.chunk");
        ObjectNode node = chunk.putArray("choices").addObject();
        node.put("index", answer.index());
        node.set("delta", delta);
        node.set("logprobs", logprobs);
        node.put("finish_reason", finish);
        return chunk;
    }

    private JsonNode logprobs(RunningAnswer answer) {
        return request.decoding().topLogprobs() == DecodingOptions.NO_LOGPROBS
                ? NullNode.instance
                : LogprobsJson.ofChat(answer.nextLogprobs(), model::tokenBytes);
    }
}
