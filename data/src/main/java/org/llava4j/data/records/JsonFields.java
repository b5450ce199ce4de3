package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;

/**
 * Typed access to the fields of a JSON object. A missing field, or one of another type, is refused with the name of its
 * owner and its key.
 */
final class JsonFields {
    private final JsonNode node;
    private final String owner;

    /**
     * Wraps an object.
     *
     * @param owner name of the object, for messages: "sample 7"
     */
    JsonFields(JsonNode node, String owner) {
        this.node = node;
        this.owner = owner;
        if (!node.isObject()) {
            throw new BadInputException(owner + ": must be an object in {}");
        }
    }

    String text(String key) {
        JsonNode value = node.path(key);
        if (!value.isTextual()) {
            throw mismatch(key, "a text");
        }
        return value.textValue();
    }

    /** Returns a text, or "" if the key is null or missing. */
    String textOrEmpty(String key) {
        return node.hasNonNull(key) ? text(key) : "";
    }

    /** Returns a text, or "" if the key is null. */
    String textOrNull(String key) {
        return node.path(key).isNull() ? "" : text(key);
    }

    int integer(String key) {
        JsonNode value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw mismatch(key, "a whole number");
        }
        return value.intValue();
    }

    /** Returns an id that is a string or an integer. */
    JsonId jsonId(String key) {
        JsonNode value = node.path(key);
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw mismatch(key, "a string or a whole number");
        }
        return JsonId.of(value);
    }

    /** Returns an integer that fits a long. */
    long id(String key) {
        JsonNode value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw mismatch(key, "a whole number");
        }
        return value.longValue();
    }

    int positive(String key) {
        int value = integer(key);
        if (value < 1) {
            throw mismatch(key, "above 0");
        }
        return value;
    }

    /** Returns a list of {@code count} finite numbers. */
    double[] numbers(String key, int count) {
        JsonNode value = node.path(key);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            JsonNode number = value.path(i);
            if (value.size() != count || !number.isNumber() || !Double.isFinite(number.doubleValue())) {
                throw mismatch(key, "a list of " + count + " numbers");
            }
            numbers[i] = number.doubleValue();
        }
        return numbers;
    }

    List<String> texts(String key) {
        JsonNode value = node.path(key);
        List<String> texts = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw mismatch(key, "a list of texts");
            }
            texts.add(element.textValue());
        }
        if (!value.isArray()) {
            throw mismatch(key, "a list of texts");
        }
        return texts;
    }

    /** Creates an exception about the object. */
    BadInputException invalid(String what) {
        return new BadInputException(owner + ": " + what);
    }

    private BadInputException mismatch(String key, String expected) {
        return new BadInputException(
                owner + ": \"" + key + "\" " + (node.has(key) ? "must be " : "is missing; it must be ") + expected);
    }
}
