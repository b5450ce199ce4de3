package org.llava4j.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Set;
import java.util.function.Consumer;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.schema.JsonSchema;

/**
 * A parsed {@code POST /v1/chat/completions} request.
 *
 * @param choices number of answers ({@code n})
 * @param stream whether to stream the answer as server-sent events
 * @param streamUsage whether the last event holds the token counts
 */
record ChatRequest(
        GenerationRequest question, DecodingOptions decoding, int choices, boolean stream, boolean streamUsage)
        implements AnswerRequest {
    private static final Set<String> KNOWN_FIELDS = DecodingFields.with(
            "model",
            "messages",
            "max_tokens",
            "max_completion_tokens",
            "stream",
            "stream_options",
            "n",
            "logprobs",
            "top_logprobs",
            "response_format",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "modalities",
            // Accepted and ignored.
            "user",
            "safety_identifier",
            "prompt_cache_key",
            "metadata",
            "store",
            "service_tier");

    /**
     * Parses a request.
     *
     * @throws ApiException if the request is invalid
     */
    static ChatRequest of(RequestFields fields, ServerOptions options, int vocabularySize, ImageSource images) {
        fields.requireKnown(KNOWN_FIELDS);
        options.requireModel(fields.text("model"));
        rejectUnsupported(fields);
        String limit = limitField(fields);
        JsonSchema schema = fields.isAbsent("response_format")
                ? null
                : ResponseFormat.schema(fields.child("response_format"), true);
        DecodingOptions decoding = ResponseFormat.constrain(
                DecodingFields.of(fields, options, vocabularySize, limit, options.maxNewTokens(), topLogprobs(fields)),
                schema,
                "response_format");
        int choices = fields.integer("n", 1, options.maxConcurrentRequests(), 1);
        boolean stream = fields.isTrue("stream");
        boolean usage = fields.includesUsage();
        GenerationRequest question = ChatInput.read(fields, options, images);
        ResponseFormat.requireNoPrefix(question, decoding, AnswerEndpoint.CHAT_COMPLETIONS);
        return new ChatRequest(question, decoding, choices, stream, usage);
    }

    /** The field of the maximum number of tokens, which has two names. */
    private static String limitField(RequestFields fields) {
        if (fields.isAbsent("max_completion_tokens")) {
            return "max_tokens";
        }
        if (!fields.isAbsent("max_tokens")
                && fields.integer("max_tokens", 0) != fields.integer("max_completion_tokens", 0)) {
            throw ApiException.badRequest(
                    "max_tokens", "'max_tokens' differs from 'max_completion_tokens'; send one of them");
        }
        return "max_completion_tokens";
    }

    private static void rejectUnsupported(RequestFields fields) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        fields.requireDefault("tools", json.arrayNode());
        fields.requireDefault("tool_choice", json.textNode("none"), json.textNode("auto"));
        fields.requireDefault("modalities", json.arrayNode().add("text"));
    }

    private static int topLogprobs(RequestFields fields) {
        int top = fields.integer("top_logprobs", 0, DecodingFields.MAX_TOP_LOGPROBS, 0);
        if (fields.isTrue("logprobs")) {
            return top;
        }
        if (top > 0) {
            throw ApiException.badRequest("top_logprobs", "'top_logprobs' needs 'logprobs': true");
        }
        return DecodingOptions.NO_LOGPROBS;
    }

    @Override
    public PendingAnswer submit(LlavaModel model, int choice, Consumer<String> onText) {
        return model.submit(question, DecodingFields.ofChoice(decoding, choice), onText);
    }

    @Override
    public AnswerWriter writer(Exchange exchange, ServerOptions options, LlavaModel model) {
        return new ChatCompletionWriter(exchange, options, model, this);
    }
}
