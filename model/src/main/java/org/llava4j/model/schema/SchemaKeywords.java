package org.llava4j.model.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Strict reader of the keywords of one schema object: refuses those that are not supported, and those without effect. */
final class SchemaKeywords {
    private static final Set<String> ANNOTATIONS = Set.of(
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly",
            "$comment",
            "$schema",
            "$defs",
            "definitions");

    private static final Map<String, Set<String>> KEYWORDS_OF_TYPES = Map.of(
            "object", Set.of("properties", "required", "additionalProperties"),
            "array", Set.of("items", "minItems", "maxItems"),
            "string", Set.of("minLength", "maxLength"),
            "integer", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
            "number", Set.of(),
            "boolean", Set.of(),
            "null", Set.of());

    /** Maximum of {@code minLength} and {@code minItems}. */
    static final int MAX_MINIMUM = 10_000;

    private static final int MAX_SCALE = 400;

    private final JsonNode schema;
    private final String path;

    SchemaKeywords(JsonNode schema, String path) {
        this.schema = schema;
        this.path = path;
    }

    /** What decides which values a schema allows. */
    enum Kind {
        REFERENCE,
        ALTERNATIVES,
        VALUES,
        TYPES,
        ANY
    }

    /** @throws SchemaException if there are keywords that are not supported */
    Kind kind() {
        if (has("$ref")) {
            requireOnly(Set.of("$ref"), "is not supported beside '$ref'; remove it");
            return Kind.REFERENCE;
        }
        if (has("anyOf")) {
            requireOnly(Set.of("anyOf"), "is not supported beside 'anyOf'; move it into the alternatives");
            return Kind.ALTERNATIVES;
        }
        if (has("const")) {
            requireOnly(Set.of("const", "type"), "is not supported beside 'const'; remove it");
            return Kind.VALUES;
        }
        if (has("enum")) {
            requireOnly(Set.of("enum", "type"), "is not supported beside 'enum'; remove it");
            return Kind.VALUES;
        }
        if (has("type")) {
            requireTypeKeywords();
            return Kind.TYPES;
        }
        requireOnly(Set.of(), "needs a 'type' beside it; add it");
        return Kind.ANY;
    }

    /** @param problem of a keyword that is supported elsewhere */
    private void requireOnly(Set<String> allowed, String problem) {
        schema.fieldNames().forEachRemaining(key -> {
            if (!allowed.contains(key) && !ANNOTATIONS.contains(key)) {
                throw new SchemaException(path(key), isKnown(key) ? problem : "is not supported; remove it");
            }
        });
    }

    private static boolean isKnown(String key) {
        return Set.of("type", "enum", "const", "anyOf").contains(key)
                || KEYWORDS_OF_TYPES.values().stream().anyMatch(keys -> keys.contains(key));
    }

    private void requireTypeKeywords() {
        Set<String> types = types();
        // Limits of numbers are supported for integers only.
        String ignored = types.contains("number") ? "integer" : "";
        Set<String> allowed = KEYWORDS_OF_TYPES.entrySet().stream()
                .filter(entry ->
                        types.contains(entry.getKey()) && !entry.getKey().equals(ignored))
                .flatMap(entry -> entry.getValue().stream())
                .collect(Collectors.toSet());
        allowed.add("type");
        requireOnly(allowed, "is not supported for the type " + String.join(", ", types) + "; remove it");
    }

    boolean has(String key) {
        return schema.has(key);
    }

    JsonNode get(String key) {
        return schema.get(key);
    }

    /** Path of the schema. */
    String path() {
        return path;
    }

    /** Path of a keyword. */
    String path(String key) {
        return path + "." + key;
    }

    String text(String key) {
        if (!get(key).isTextual()) {
            throw new SchemaException(path(key), "must be a string");
        }
        return get(key).textValue();
    }

    /** The types, in the schema's order. */
    Set<String> types() {
        JsonNode type = get("type");
        Set<String> types = new LinkedHashSet<>();
        if (type.isTextual()) {
            types.add(type.textValue());
        } else if (type.isArray()) {
            type.forEach(one -> types.add(one.isTextual() ? one.textValue() : one.toString()));
        }
        if (types.isEmpty() || !KEYWORDS_OF_TYPES.keySet().containsAll(types)) {
            throw new SchemaException(
                    path("type"),
                    "must be object, array, string, integer, number, boolean or null, or an array of them");
        }
        return types;
    }

    /** Whether a scalar has a type. */
    static boolean hasType(JsonNode value, String type) {
        return switch (type) {
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "number" -> value.isNumber();
            case "integer" -> value.isNumber() && value.doubleValue() == Math.rint(value.doubleValue());
            default -> false;
        };
    }

    /** The fields of {@code properties}; empty without it. */
    Set<Map.Entry<String, JsonNode>> properties() {
        if (!has("properties")) {
            return Set.of();
        }
        if (!get("properties").isObject()) {
            throw new SchemaException(path("properties"), "must be an object of schemas");
        }
        return get("properties").properties();
    }

    /** The names of {@code required}; empty without it. */
    Set<String> required() {
        Set<String> names = new LinkedHashSet<>();
        if (has("required")) {
            boolean valid = get("required").isArray();
            for (JsonNode one : get("required")) {
                valid &= one.isTextual();
                names.add(one.asText());
            }
            if (!valid) {
                throw new SchemaException(path("required"), "must be an array of strings");
            }
        }
        return names;
    }

    /** A lower limit, by default 0, and an upper limit, by default {@link StringNode#UNLIMITED}. */
    int[] range(String minKey, String maxKey) {
        int min = has(minKey) ? count(minKey, MAX_MINIMUM) : 0;
        int max = has(maxKey) ? count(maxKey, StringNode.UNLIMITED - 1) : StringNode.UNLIMITED;
        if (min > max) {
            throw new SchemaException(path(minKey), "is " + min + ", which is above '" + maxKey + "'; lower it");
        }
        return new int[] {min, max};
    }

    private int count(String key, int limit) {
        JsonNode count = get(key);
        if (!count.isIntegralNumber() || !count.canConvertToInt() || count.intValue() < 0 || count.intValue() > limit) {
            throw new SchemaException(path(key), "must be an integer from 0 to " + limit);
        }
        return count.intValue();
    }

    /** The least and the greatest integer; a limit that is not given is the default, or farther if that leaves none. */
    long[] integerRange() {
        long min = -IntegerNode.LIMIT - 1;
        long max = IntegerNode.LIMIT + 1;
        if (has("minimum")) {
            min = limit("minimum", RoundingMode.CEILING);
        }
        if (has("exclusiveMinimum")) {
            min = Math.max(min, limit("exclusiveMinimum", RoundingMode.FLOOR) + 1);
        }
        if (has("maximum")) {
            max = limit("maximum", RoundingMode.FLOOR);
        }
        if (has("exclusiveMaximum")) {
            max = Math.min(max, limit("exclusiveMaximum", RoundingMode.CEILING) - 1);
        }
        if (!has("minimum") && !has("exclusiveMinimum")) {
            min = max < -IntegerNode.DEFAULT_LIMIT ? -IntegerNode.LIMIT : -IntegerNode.DEFAULT_LIMIT;
        }
        if (!has("maximum") && !has("exclusiveMaximum")) {
            max = min > IntegerNode.DEFAULT_LIMIT ? IntegerNode.LIMIT : IntegerNode.DEFAULT_LIMIT;
        }
        min = Math.max(min, -IntegerNode.LIMIT);
        max = Math.min(max, IntegerNode.LIMIT);
        if (min > max) {
            throw new SchemaException(path, "allows no integer of up to 18 digits; change its limits");
        }
        return new long[] {min, max};
    }

    /** A limit as an integer; beyond {@link IntegerNode#LIMIT}, the next integer after it. */
    private long limit(String key, RoundingMode rounding) {
        JsonNode limit = get(key);
        if (!limit.isNumber() || Double.isNaN(limit.doubleValue())) {
            throw new SchemaException(path(key), "must be a number");
        }
        boolean isFinite =
                !limit.isFloatingPointNumber() || limit.isBigDecimal() || Double.isFinite(limit.doubleValue());
        BigDecimal value =
                isFinite ? limit.decimalValue() : BigDecimal.valueOf(Math.signum(limit.doubleValue()) * 1e300);
        if (value.abs().compareTo(BigDecimal.valueOf(IntegerNode.LIMIT)) > 0) {
            return value.signum() * (IntegerNode.LIMIT + 1);
        }
        if (Math.abs(value.scale()) > MAX_SCALE) {
            throw new SchemaException(path(key), "has more than " + MAX_SCALE + " decimal places; round it");
        }
        return value.setScale(0, rounding).longValueExact();
    }
}
