package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;

/** Typed fields of a JSON object; what is missing or of another type is refused by the name of its owner and key. */
final class JsonFields {
    private final JsonNode node;
    private final String owner;

    /** @param owner what the object is, for messages: "sample 7" */
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
            throw wrong(key, "a text");
        }
        return value.textValue();
    }

    /** A text, or "" where the key is null or missing. */
    String textOrEmpty(String key) {
        return node.path(key).isNull() || node.path(key).isMissingNode() ? "" : text(key);
    }

    /** A text, or "" where the key is null. */
    String textOrNull(String key) {
        return node.path(key).isNull() ? "" : text(key);
    }

    int integer(String key) {
        JsonNode value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, "a whole number");
        }
        return value.intValue();
    }

    /** A string or a whole number. */
    JsonId jsonId(String key) {
        JsonNode value = node.path(key);
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw wrong(key, "a string or a whole number");
        }
        return JsonId.of(value);
    }

    /** A whole number of any size that a long holds. */
    long id(String key) {
        JsonNode value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw wrong(key, "a whole number");
        }
        return value.longValue();
    }

    int positive(String key) {
        int value = integer(key);
        if (value < 1) {
            throw wrong(key, "above 0");
        }
        return value;
    }

    /** So many finite numbers. */
    double[] numbers(String key, int count) {
        JsonNode value = node.path(key);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            JsonNode number = value.path(i);
            if (value.size() != count || !number.isNumber() || !Double.isFinite(number.doubleValue())) {
                throw wrong(key, "a list of " + count + " numbers");
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
                throw wrong(key, "a list of texts");
            }
            texts.add(element.textValue());
        }
        if (!value.isArray()) {
            throw wrong(key, "a list of texts");
        }
        return texts;
    }

    /** Something else that is wrong with the object. */
    BadInputException invalid(String what) {
        return new BadInputException(owner + ": " + what);
    }

    private BadInputException wrong(String key, String expected) {
        return new BadInputException(
                owner + ": \"" + key + "\" " + (node.has(key) ? "must be " : "is missing; it must be ") + expected);
    }
}
