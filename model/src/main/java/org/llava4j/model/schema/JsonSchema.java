package org.llava4j.model.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.llava4j.data.JsonInput;

/**
 * A JSON schema that answers can be constrained to. Supported are:
 *
 * <ul>
 *   <li>{@code type}, one or a list: {@code object}, {@code array}, {@code string}, {@code integer}, {@code number},
 *       {@code boolean}, {@code null}
 *   <li>{@code properties} and {@code required}: properties come in the schema's order and there are no others, as with
 *       {@code additionalProperties: false}. An object without {@code properties}, or with none in it, has any keys, and values of
 *       the schema {@code additionalProperties}
 *   <li>{@code items}, {@code minItems}, {@code maxItems}; {@code minLength}, {@code maxLength} of strings; {@code minimum},
 *       {@code maximum}, {@code exclusiveMinimum}, {@code exclusiveMaximum} of integers up to 18 digits; without a limit
 *       integers have up to 15
 *   <li>{@code enum} and {@code const} of strings, numbers (integers, and others that a double has), booleans and null; {@code anyOf}; {@code $ref} to a part of the
 *       schema, which may be recursive. Objects and arrays are nested up to 32 levels
 *   <li>annotations, which have no effect: {@code title}, {@code description}, {@code default}, {@code examples} and others
 * </ul>
 *
 * Everything else is refused by name. Immutable and thread-safe; schemas of the same text are equal.
 */
public final class JsonSchema {
    /** Keeps the digits of numbers, so that those that no double has are refused instead of rounded. */
    private static final JsonMapper EXACT = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final JsonSchema ANY_OBJECT =
            of(JsonNodeFactory.instance.objectNode().put("type", "object"));

    private final JsonNode json;
    private final String text;

    private JsonSchema(JsonNode json) {
        this.json = json;
        text = json.toString();
    }

    /** The schema of any JSON object. */
    public static JsonSchema anyObject() {
        return ANY_OBJECT;
    }

    /**
     * Compiles a schema.
     *
     * @throws SchemaException if it is invalid, not supported or too large
     */
    public static JsonSchema of(JsonNode schema) {
        return of(schema, "schema");
    }

    /**
     * Compiles a schema.
     *
     * @param name of the schema in messages
     * @throws SchemaException if it is invalid, not supported or too large
     */
    public static JsonSchema of(JsonNode schema, String name) {
        new SchemaCompiler(schema, name, TokenTrie.BYTES).compile();
        return new JsonSchema(schema.deepCopy());
    }

    /**
     * Parses and compiles a schema.
     *
     * @throws org.llava4j.data.BadInputException if the text is not JSON, or as {@link #of(JsonNode)}
     */
    public static JsonSchema parse(String schema) {
        try {
            return of(EXACT.readTree(schema));
        } catch (JsonProcessingException e) {
            throw JsonInput.parseError("schema", 0, e);
        }
    }

    /** The schema as JSON. */
    public JsonNode json() {
        return json.deepCopy();
    }

    /** Compiles the schema for a vocabulary. */
    AnswerNode compile(TokenTrie vocabulary) {
        return new SchemaCompiler(json, "schema", vocabulary).compile();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonSchema schema && text.equals(schema.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The schema as JSON text. */
    @Override
    public String toString() {
        return text;
    }
}
