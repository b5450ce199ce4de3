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
import org.llava4j.model.generate.TokenLogprobs;

/** Writer of text completions. */
final class TextCompletionWriter extends AnswerWriter {
    private final TextCompletionRequest request;
    private final String id = "cmpl-" + UUID.randomUUID();
    /** Position of the next token of each choice, in characters of prompt and completion. */
    private final int[] offsets;

    TextCompletionWriter(Exchange exchange, ServerOptions options, LlavaModel model, TextCompletionRequest request) {
        super(exchange, options, model);
        this.request = request;
        offsets = new int[request.choices()];
        for (int i = 0; i < offsets.length; i++) {
            String prompt = request.prompt(i).text();
            offsets[i] = prompt.codePointCount(0, prompt.length());
        }
    }

    @Override
    void begin(Exchange.ServerSentEvents stream, List<RunningAnswer> running) {
        // The first text begins the stream.
    }

    @Override
    void text(Exchange.ServerSentEvents stream, RunningAnswer answer, String text) throws IOException {
        ObjectNode chunk = newBody();
        addChoice(chunk.putArray("choices"), answer, text, null);
        stream.send(chunk);
    }

    @Override
    void end(Exchange.ServerSentEvents stream, List<RunningAnswer> running, List<Answer> answers) throws IOException {
        for (RunningAnswer answer : running) {
            ObjectNode chunk = newBody();
            addChoice(chunk.putArray("choices"), answer, "", finishReason(answers.get(answer.index())));
            stream.send(chunk);
        }
        if (request.streamUsage()) {
            ObjectNode last = newBody();
            last.putArray("choices");
            last.set("usage", usage(answers, request.choicesPerPrompt()));
            stream.send(last);
        }
        stream.send("[DONE]");
    }

    @Override
    JsonNode body(List<RunningAnswer> running, List<Answer> answers) {
        ObjectNode body = newBody();
        ArrayNode choices = body.putArray("choices");
        for (RunningAnswer each : running) {
            Answer answer = answers.get(each.index());
            addChoice(choices, each, answer.text(), finishReason(answer));
        }
        body.set("usage", usage(answers, request.choicesPerPrompt()));
        return body;
    }

    private ObjectNode newBody() {
        return JSON.objectNode()
                .put("id", id)
                .put("object", "text_completion")
                .put("created", created())
                .put("model", options.modelId());
    }

    private void addChoice(ArrayNode choices, RunningAnswer answer, String text, @Nullable String finish) {
        ObjectNode node = choices.addObject().put("text", text).put("index", answer.index());
        node.set("logprobs", logprobs(answer));
        node.put("finish_reason", finish);
    }

    private JsonNode logprobs(RunningAnswer answer) {
        if (request.decoding().topLogprobs() == DecodingOptions.NO_LOGPROBS) {
            return NullNode.instance;
        }
        List<TokenLogprobs> tokens = answer.nextLogprobs();
        ObjectNode json = LogprobsJson.ofText(tokens, model::tokenBytes, offsets[answer.index()]);
        for (TokenLogprobs token : tokens) {
            offsets[answer.index()] += LogprobsJson.characters(model.tokenBytes(token.id()));
        }
        return json;
    }
}
