package org.llava4j.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.Serializable;
import java.math.BigInteger;

/**
 * Identifier in a JSON file: a string or an integer, written back with the type it was read with. Lookups use
 * {@link #text()}: {@code 5} and {@code "5"} are the same identifier, because tools differ in how they write it.
 *
 * @param text the identifier without quotes
 * @param isNumber whether the JSON value is a number
 */
public record JsonId(String text, boolean isNumber) implements Serializable {
    /** An identifier that is a JSON string. */
    public static JsonId of(String text) {
        return new JsonId(text, false);
    }

    /** An identifier that is a JSON number. */
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

    /** The identifier as a JSON value. */
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
