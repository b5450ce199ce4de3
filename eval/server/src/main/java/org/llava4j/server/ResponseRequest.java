package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
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
    private static final int MAX_METADATA = 16;
    private static final int MAX_METADATA_NAME = 64;
    private static final int MAX_METADATA_VALUE = 512;
    /** Maximum length of the names of caches and users, which a response repeats. */
    private static final int MAX_REPEATED_TEXT = 512;

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
        ObjectNode settings = settings(fields, decoding);
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

    private static ObjectNode settings(RequestFields fields, DecodingOptions decoding) {
        SamplingOptions sampling = decoding.sampling();
        ObjectNode settings = JSON.objectNode();
        settings.put("background", false);
        settings.put("instructions", fields.isAbsent("instructions") ? null : fields.text("instructions"));
        settings.set(
                "max_output_tokens",
                fields.isAbsent("max_output_tokens")
                        ? JSON.nullNode()
                        : JSON.numberNode(fields.integer("max_output_tokens", 0)));
        settings.putNull("max_tool_calls");
        settings.set("metadata", metadata(fields));
        settings.put("parallel_tool_calls", true);
        settings.putNull("previous_response_id");
        for (String name : List.of("prompt_cache_key", "safety_identifier", "user")) {
            if (!fields.isAbsent(name)) {
                settings.put(name, limited(fields, name, MAX_REPEATED_TEXT));
            }
        }
        settings.putObject("reasoning").putNull("effort").putNull("summary");
        settings.put("service_tier", "default");
        settings.put("store", false);
        settings.put("temperature", sampling.temperature());
        JsonNode format = fields.object().at("/text/format");
        settings.putObject("text")
                .put("verbosity", "medium")
                .set("format", format.isObject() ? format : JSON.objectNode().put("type", "text"));
        settings.put("tool_choice", fields.isAbsent("tool_choice") ? "auto" : fields.text("tool_choice"));
        settings.putArray("tools");
        settings.put("top_logprobs", Math.max(0, decoding.topLogprobs()));
        settings.put("top_p", fields.number("top_p", 1));
        settings.put("truncation", "disabled");
        return settings;
    }

    /** The metadata, in OpenAI's limits: a response repeats them. */
    private static ObjectNode metadata(RequestFields fields) {
        ObjectNode all = JSON.objectNode();
        if (fields.isAbsent("metadata")) {
            return all;
        }
        RequestFields metadata = fields.child("metadata");
        for (Map.Entry<String, JsonNode> entry : metadata.object().properties()) {
            if (metadata.object().size() > MAX_METADATA || entry.getKey().length() > MAX_METADATA_NAME) {
                throw ApiException.badRequest(
                        "metadata",
                        "'metadata' may have " + MAX_METADATA + " names of at most " + MAX_METADATA_NAME
                                + " characters");
            }
            all.put(entry.getKey(), limited(metadata, entry.getKey(), MAX_METADATA_VALUE));
        }
        return all;
    }

    private static String limited(RequestFields fields, String name, int limit) {
        String text = fields.text(name);
        if (text.length() > limit) {
            throw ApiException.badRequest(
                    name, "'" + name + "' has " + text.length() + " characters; send at most " + limit);
        }
        return text;
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
