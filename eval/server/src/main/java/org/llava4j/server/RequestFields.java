package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Strict reader of the fields of a JSON object. Error messages name a field by its full path. */
record RequestFields(JsonNode object, String path) {

    private String fullName(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private ApiException typeError(String name, String expected) {
        return ApiException.badRequest(
                fullName(name),
                "'" + fullName(name) + "' must be " + expected + ", got " + abbreviated(object.get(name)));
    }

    private static String abbreviated(@Nullable JsonNode node) {
        String text = node == null ? "nothing" : node.toString();
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }

    boolean isAbsent(String name) {
        return object.get(name) == null || object.get(name).isNull();
    }

    /** Rejects unknown field names, most of which are misspelled. */
    void requireKnown(Set<String> known) {
        object.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw ApiException.badRequest(fullName(name), "'" + fullName(name) + "' is unknown; remove it");
            }
        });
    }

    String text(String name) {
        if (isAbsent(name) || !object.get(name).isTextual()) {
            throw typeError(name, "a string");
        }
        return object.get(name).textValue();
    }

    boolean isTrue(String name) {
        if (isAbsent(name)) {
            return false;
        }
        if (!object.get(name).isBoolean()) {
            throw typeError(name, "true or false");
        }
        return object.get(name).booleanValue();
    }

    /** A number; {@code defaultValue} if the field is absent. */
    double number(String name, double defaultValue) {
        if (isAbsent(name)) {
            return defaultValue;
        }
        if (!object.get(name).isNumber()) {
            throw typeError(name, "a number");
        }
        return object.get(name).doubleValue();
    }

    /** An integer; {@code defaultValue} if the field is absent. */
    long integer(String name, long defaultValue) {
        if (isAbsent(name)) {
            return defaultValue;
        }
        JsonNode value = object.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw typeError(name, "an integer");
        }
        return value.longValue();
    }

    /**
     * A number in a range; {@code defaultValue} if the field is absent.
     *
     * @throws ApiException 400 if it is outside
     */
    double number(String name, double min, double max, double defaultValue) {
        double value = number(name, defaultValue);
        requireRange(value >= min && value <= max, name, value, min, max);
        return value;
    }

    /**
     * An integer in a range; {@code defaultValue} if the field is absent.
     *
     * @throws ApiException 400 if it is outside
     */
    int integer(String name, int min, int max, int defaultValue) {
        long value = integer(name, defaultValue);
        requireRange(value >= min && value <= max, name, value, min, max);
        return (int) value;
    }

    private void requireRange(boolean valid, String name, Number value, Number min, Number max) {
        if (!valid) {
            throw ApiException.badRequest(
                    fullName(name), "'" + fullName(name) + "' is " + value + "; give " + min + " to " + max);
        }
    }

    /** The objects of an array field. */
    List<RequestFields> objects(String name) {
        if (isAbsent(name) || !object.get(name).isArray()) {
            throw typeError(name, "an array");
        }
        List<RequestFields> all = new ArrayList<>();
        for (JsonNode element : object.get(name)) {
            String elementPath = fullName(name) + "[" + all.size() + "]";
            if (!element.isObject()) {
                throw ApiException.badRequest(
                        elementPath, "'" + elementPath + "' must be an object, got " + abbreviated(element));
            }
            all.add(new RequestFields(element, elementPath));
        }
        return all;
    }

    RequestFields child(String name) {
        if (isAbsent(name) || !object.get(name).isObject()) {
            throw typeError(name, "an object");
        }
        return new RequestFields(object.get(name), fullName(name));
    }

    /** A string or an array of strings; empty if the field is absent. */
    List<String> strings(String name) {
        if (isAbsent(name)) {
            return List.of();
        }
        JsonNode value = object.get(name);
        if (value.isTextual()) {
            return List.of(value.textValue());
        }
        List<String> all = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw typeError(name, "a string or an array of strings");
            }
            all.add(element.textValue());
        }
        if (!value.isArray()) {
            throw typeError(name, "a string or an array of strings");
        }
        return all;
    }

    /** Whether {@code stream_options} ask for the token counts; rejects other options. */
    boolean includesUsage() {
        if (isAbsent("stream_options")) {
            return false;
        }
        RequestFields options = child("stream_options");
        options.requireKnown(Set.of("include_usage", "include_obfuscation"));
        options.requireDefault("include_obfuscation", BooleanNode.FALSE);
        return options.isTrue("include_usage");
    }

    /** Rejects an unsupported feature, unless it has one of its default values. */
    void requireDefault(String name, JsonNode... defaults) {
        requireDefault(name, "is not supported; remove it", defaults);
    }

    /** @param problem what is wrong with another value, and what to do */
    void requireDefault(String name, String problem, JsonNode... defaults) {
        if (!isAbsent(name) && !List.of(defaults).contains(object.get(name))) {
            throw ApiException.badRequest(fullName(name), "'" + fullName(name) + "' " + problem);
        }
    }
}
