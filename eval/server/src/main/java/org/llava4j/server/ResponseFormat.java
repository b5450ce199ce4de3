package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.schema.SchemaException;

/** Reader of the format of an answer: {@code text}, {@code json_object} or {@code json_schema}. */
final class ResponseFormat {
    /** Field of a chat completion's format that holds the definition of the schema. */
    private static final String NESTED = "json_schema";

    private static final Set<String> DEFINITION = Set.of("name", "description", "schema", "strict");
    private static final Set<String> FORMAT = Set.of("type", NESTED, "name", "description", "schema", "strict");
    private static final Set<String> NESTED_FORMAT = Set.of("type", NESTED);
    private static final Set<String> FLAT_FORMAT = Set.of("type", "name", "description", "schema", "strict");

    private ResponseFormat() {}

    /**
     * The schema of the answer; null for text. The type {@code json_schema} has its definition, which is name and schema, in
     * a field of that name (chat completions) or beside the type (responses).
     *
     * @param format the object with the field {@code type}
     * @param isNested whether the definition is in a field of its own
     * @throws ApiException 400 if the format or its schema is invalid or not supported
     */
    static @Nullable JsonSchema schema(RequestFields format, boolean isNested) {
        String type = format.text("type");
        switch (type) {
            case "text" -> {
                requireNoDefinition(format);
                return null;
            }
            case "json_object" -> {
                requireNoDefinition(format);
                return JsonSchema.anyObject();
            }
            case "json_schema" -> {
                format.requireKnown(isNested ? NESTED_FORMAT : FLAT_FORMAT);
                RequestFields definition = isNested ? format.child(NESTED) : format;
                if (isNested) {
                    definition.requireKnown(DEFINITION);
                }
                return schema(definition);
            }
            default -> {
                String path = format.path() + ".type";
                throw ApiException.badRequest(
                        path, "'" + path + "' is '" + type + "'; use text, json_object or json_schema");
            }
        }
    }

    /** Rejects a schema that the format's type does not apply. */
    private static void requireNoDefinition(RequestFields format) {
        format.requireKnown(FORMAT);
        for (String name : List.of(NESTED, "schema", "name", "description", "strict")) {
            format.requireDefault(
                    name, "belongs to the type json_schema; use that type as OpenAI's API has it, or remove the field");
        }
    }

    /** Answers fit the schema whether it is strict or not. */
    private static JsonSchema schema(RequestFields definition) {
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
