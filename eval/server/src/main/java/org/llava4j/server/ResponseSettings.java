package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;

/** Fields of a {@code POST /v1/responses} request that its response repeats, with the values that apply. */
final class ResponseSettings {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int MAX_METADATA = 16;
    private static final int MAX_METADATA_NAME = 64;
    private static final int MAX_METADATA_VALUE = 512;
    /** Maximum length of the names of caches and users. */
    private static final int MAX_REPEATED_TEXT = 512;

    private ResponseSettings() {}

    /**
     * The settings.
     *
     * @throws ApiException 400 if one has the wrong type or is too long
     */
    static ObjectNode of(RequestFields fields, DecodingOptions decoding) {
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
}
