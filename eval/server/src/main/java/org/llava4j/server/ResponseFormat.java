package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.schema.SchemaException;

/** Reader of the format of an answer: {@code text}, {@code json_object} or {@code json_schema}. */
final class ResponseFormat {
    private static final Set<String> DEFINITION_FIELDS = Set.of("type", "name", "description", "schema", "strict");

    private ResponseFormat() {}

    /**
     * The schema of the answer; null for text.
     *
     * @param format the object with the field {@code type}
     * @param definition from the format, the object with name and schema of the type {@code json_schema}
     * @throws ApiException 400 if the format or its schema is invalid or not supported
     */
    static @Nullable JsonSchema schema(RequestFields format, UnaryOperator<RequestFields> definition) {
        String type = format.text("type");
        switch (type) {
            case "text" -> {
                return null;
            }
            case "json_object" -> {
                return JsonSchema.anyObject();
            }
            case "json_schema" -> {
                return schema(definition.apply(format));
            }
            default -> {
                String path = format.path() + ".type";
                throw ApiException.badRequest(
                        path, "'" + path + "' is '" + type + "'; use text, json_object or json_schema");
            }
        }
    }

    /** Answers fit the schema whether it is strict or not. */
    private static JsonSchema schema(RequestFields definition) {
        definition.requireKnown(DEFINITION_FIELDS);
        definition.text("name");
        definition.isTrue("strict");
        JsonNode schema = definition.child("schema").object();
        try {
            return JsonSchema.of(schema, definition.path() + ".schema");
        } catch (SchemaException e) {
            throw ApiException.badRequest(e.path(), e.getMessage());
        }
    }

    /**
     * The options of an answer that fits a schema.
     *
     * @param field field of the format, for messages
     * @throws ApiException 400 if there are stop texts, too
     */
    static DecodingOptions constrain(DecodingOptions decoding, @Nullable JsonSchema schema, String field) {
        if (schema != null && !decoding.stops().isEmpty()) {
            throw ApiException.badRequest(
                    "stop", "'stop' would cut the JSON of '" + field + "', whose end ends the answer; remove it");
        }
        return decoding.withSchema(schema);
    }

    /**
     * Rejects a last message of the assistant if the answer must fit a schema.
     *
     * @throws ApiException 400
     */
    static void requireNoPrefix(GenerationRequest question, DecodingOptions decoding, AnswerEndpoint endpoint) {
        if (decoding.schema() != null && !question.answerPrefix().isEmpty()) {
            throw ApiException.badRequest(
                    endpoint.promptField(),
                    "the last of '" + endpoint.promptField() + "' has the role assistant, which '"
                            + endpoint.formatField() + "' cannot continue; remove it");
        }
    }
}
