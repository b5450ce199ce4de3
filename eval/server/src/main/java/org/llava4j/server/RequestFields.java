package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
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

    private boolean isAbsent(String name) {
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

    /** Rejects an unsupported feature, unless it has one of its default values. */
    void requireDefault(String name, JsonNode... defaults) {
        if (isAbsent(name) || List.of(defaults).contains(object.get(name))) {
            return;
        }
        throw ApiException.badRequest(fullName(name), "'" + fullName(name) + "' is not supported; remove it");
    }
}
