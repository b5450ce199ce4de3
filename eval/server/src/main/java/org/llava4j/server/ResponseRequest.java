package org.llava4j.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.schema.JsonSchema;

/**
 * A parsed {@code POST /v1/responses} request. The server stores no responses: each request has the whole conversation.
 *
 * @param settings fields of the request that a response repeats, with the values that apply
 */
record ResponseRequest(GenerationRequest question, DecodingOptions decoding, boolean stream, ObjectNode settings)
        implements AnswerRequest {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String LOGPROBS = "message.output_text.logprobs";
    private static final int MAX_FORMAT = 100_000;

    private static final String STORES_NOTHING = "this server stores no responses";
    private static final Set<String> KNOWN_FIELDS = DecodingFields.with(
            "model",
            "input",
            "instructions",
            "max_output_tokens",
            "stream",
            "stream_options",
            "text",
            "include",
            "top_logprobs",
            "metadata",
            "store",
            "previous_response_id",
            "conversation",
            "prompt",
            "background",
            "truncation",
            "context_management",
            "moderation",
            "reasoning",
            "tools",
            "tool_choice",
            "image",
            // Accepted and ignored: limits of tools, and hints to OpenAI's own service.
            "parallel_tool_calls",
            "max_tool_calls",
            "access_programs",
            "service_tier",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "user");

    /**
     * Parses a request.
     *
     * @throws ApiException if the request is invalid
     */
    static ResponseRequest of(RequestFields fields, ServerOptions options, int vocabularySize, ImageSource images) {
        fields.requireKnown(KNOWN_FIELDS);
        options.requireModel(fields.text("model"));
        rejectUnsupported(fields);
        DecodingOptions decoding = ResponseFormat.constrain(
                DecodingFields.of(
                        fields,
                        options,
                        vocabularySize,
                        "max_output_tokens",
                        options.maxNewTokens(),
                        topLogprobs(fields)),
                schema(fields),
                "text.format");
        boolean stream = fields.isTrue("stream");
        ObjectNode settings = ResponseSettings.of(fields, decoding);
        GenerationRequest question = ResponseInput.read(fields, options, images);
        ResponseFormat.requireNoPrefix(question, decoding, AnswerEndpoint.RESPONSES);
        return new ResponseRequest(question, decoding, stream, settings);
    }

    private static void rejectUnsupported(RequestFields fields) {
        fields.requireDefault(
                "previous_response_id", "is not supported: " + STORES_NOTHING + "; send its items in 'input' instead");
        fields.requireDefault(
                "conversation", "is not supported: " + STORES_NOTHING + "; send its items in 'input' instead");
        fields.requireDefault("store", "must be false or absent: " + STORES_NOTHING, JSON.booleanNode(false));
        fields.requireDefault("background", JSON.booleanNode(false));
        fields.requireDefault("prompt");
        fields.requireDefault(
                "truncation", "must be \"disabled\"; this server drops no items", JSON.textNode("disabled"));
        fields.requireDefault("context_management", JSON.arrayNode());
        fields.requireDefault("moderation");
        fields.requireDefault("image");
        fields.requireDefault(
                "reasoning", "is not supported: the model does not reason before it answers", JSON.objectNode());
        fields.requireDefault("tools", JSON.arrayNode());
        fields.requireDefault("tool_choice", JSON.textNode("none"), JSON.textNode("auto"));
        if (!fields.isAbsent("stream_options")) {
            RequestFields stream = fields.child("stream_options");
            stream.requireKnown(Set.of("include_obfuscation"));
            stream.requireDefault("include_obfuscation", JSON.booleanNode(false));
        }
    }

    /** The schema of {@code text.format}; null for text. A response repeats the format, so its size has a limit. */
    private static @Nullable JsonSchema schema(RequestFields fields) {
        if (fields.isAbsent("text")) {
            return null;
        }
        RequestFields text = fields.child("text");
        text.requireKnown(Set.of("format", "verbosity"));
        text.requireDefault("verbosity", JSON.textNode("medium"));
        if (text.isAbsent("format")) {
            return null;
        }
        RequestFields format = text.child("format");
        if (format.object().toString().length() > MAX_FORMAT) {
            throw ApiException.badRequest(
                    format.path(),
                    "'" + format.path() + "' has more than " + MAX_FORMAT + " characters; shorten its descriptions");
        }
        return ResponseFormat.schema(format, false);
    }

    private static int topLogprobs(RequestFields fields) {
        int top = fields.integer("top_logprobs", 0, DecodingFields.MAX_TOP_LOGPROBS, 0);
        List<String> include = fields.strings("include");
        for (String name : include) {
            if (!name.equals(LOGPROBS)) {
                throw ApiException.badRequest(
                        "include", "'include' is supported for " + LOGPROBS + " only, not for '" + name + "'");
            }
        }
        if (!include.isEmpty()) {
            return top;
        }
        if (top > 0) {
            throw ApiException.badRequest("top_logprobs", "'top_logprobs' needs 'include': [\"" + LOGPROBS + "\"]");
        }
        return DecodingOptions.NO_LOGPROBS;
    }

    @Override
    public int choices() {
        return 1;
    }

    @Override
    public PendingAnswer submit(LlavaModel model, int choice, Consumer<String> onText) {
        return model.submit(question, decoding, onText);
    }

    @Override
    public AnswerWriter writer(Exchange exchange, ServerOptions options, LlavaModel model) {
        return new ResponseWriter(exchange, options, model, this);
    }
}
