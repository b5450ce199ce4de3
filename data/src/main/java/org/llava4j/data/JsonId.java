package org.llava4j.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.Serializable;
import java.math.BigInteger;

/**
 * Identifier in a JSON file: a string or an integer. Its JSON type is preserved on writing. Lookups must use
 * {@link #text()}, since some tools write {@code 5} and others {@code "5"}; {@link #equals} distinguishes the two.
 *
 * @param text the identifier without quotes
 * @param isNumber whether the JSON value is an integer
 */
public record JsonId(String text, boolean isNumber) implements Serializable {
    /** Creates an identifier that is a JSON string. */
    public static JsonId of(String text) {
        return new JsonId(text, false);
    }

    /** Creates an identifier that is a JSON integer. */
    public static JsonId of(long number) {
        return new JsonId(String.valueOf(number), true);
    }

    /**
     * Reads an identifier.
     *
     * @throws BadInputException if the value is neither a string nor an integer
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static JsonId of(JsonNode value) {
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw new BadInputException("an id must be a string or an integer, got " + value);
        }
        return new JsonId(value.asText(), value.isNumber());
    }

    /** Returns the identifier as a JSON value. */
    @JsonValue
    public JsonNode json() {
        JsonNodeFactory json = JsonNodeFactory.instance;
        return isNumber ? json.numberNode(new BigInteger(text)) : json.textNode(text);
    }

    @Override
    public String toString() {
        return text;
    }
}
