package org.llava4j.data.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;

/**
 * Schema of a JSON config that is checked key by key. A key is either read by the code, known not to affect the result,
 * or not implemented; then only neutral values are accepted. Other keys are unknown. A null value counts as an absent
 * key.
 */
public final class ConfigKeys {
    /** Neutral values of an option that is switched off: false, null, 0, an empty string or an empty container. */
    public static final Predicate<JsonNode> OFF = value -> value.isNull()
            || (value.isBoolean() && !value.booleanValue())
            || (value.isNumber() && value.doubleValue() == 0)
            || (value.isTextual() && value.textValue().isEmpty())
            || (value.isContainerNode() && value.isEmpty());

    /** Neutral values of a factor: 1 or null. */
    public static final Predicate<JsonNode> ONE = value -> value.isNull() || value.asDouble() == 1;

    /** Neutral values of an option that is switched on: true or null. */
    public static final Predicate<JsonNode> ON = value -> value.isNull() || (value.isBoolean() && value.booleanValue());

    private static final Rule ANY_VALUE = new Rule(value -> true, "");

    private final Map<String, Rule> rules;

    /**
     * Rule for one key.
     *
     * @param neutral accepts the values that do not change the result
     * @param reason why other values are rejected, and what to do
     */
    private record Rule(Predicate<JsonNode> neutral, String reason) {}

    private ConfigKeys(Map<String, Rule> rules) {
        this.rules = Map.copyOf(rules);
    }

    /** Starts an empty schema. */
    public static Builder builder() {
        return new Builder(new HashMap<>());
    }

    /** Starts a schema with the keys of this one. */
    public Builder extend() {
        return new Builder(new HashMap<>(rules));
    }

    /** Neutral values of a string option: exactly these strings, or null. */
    public static Predicate<JsonNode> text(String... permitted) {
        Set<String> texts = Set.of(permitted);
        return value -> value.isNull() || texts.contains(value.asText());
    }

    /**
     * Checks a whole file and reports its unknown keys.
     *
     * @throws BadInputException if a key has a value that would change the result
     */
    public void check(Path file, JsonNode object) {
        ConfigWarnings.unknownKeys(file, check(file.toString(), "", object));
    }

    /**
     * Checks one object of a file.
     *
     * @param source name of the file in messages
     * @param prefix path of the object inside the file, ending with a dot; empty for the root object
     * @return the unknown keys, with the prefix
     * @throws BadInputException if a key has a value that would change the result
     */
    public Set<String> check(String source, String prefix, JsonNode object) {
        Set<String> unknown = new TreeSet<>();
        object.properties().forEach(entry -> {
            Rule rule = rules.get(entry.getKey());
            if (rule == null) {
                unknown.add(prefix + entry.getKey());
            } else if (!entry.getValue().isNull() && !rule.neutral.test(entry.getValue())) {
                throw new BadInputException(source + ": \"" + prefix + entry.getKey() + "\" is "
                        + abbreviated(entry.getValue()) + "; " + rule.reason);
            }
        });
        return unknown;
    }

    /** A value as JSON in an error message, shortened if it is long. */
    public static String abbreviatedJson(JsonNode value) {
        return abbreviated(value.toString());
    }

    private static String abbreviated(JsonNode value) {
        return abbreviated(value.isTextual() ? value.textValue() : value.toString());
    }

    private static String abbreviated(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + " ...";
    }

    /** Builder of a schema; a later rule for a key replaces an earlier one. */
    public static final class Builder {
        private final Map<String, Rule> rules;

        private Builder(Map<String, Rule> rules) {
            this.rules = rules;
        }

        /** Adds keys that the code reads and validates itself. */
        public Builder read(String... keys) {
            return only(ANY_VALUE.neutral, ANY_VALUE.reason, keys);
        }

        /** Adds keys that never affect the result. */
        public Builder ignored(String... keys) {
            return read(keys);
        }

        /** Adds keys that affect the result unless they have a neutral value. */
        public Builder only(Predicate<JsonNode> neutral, String reason, String... keys) {
            for (String key : keys) {
                rules.put(key, new Rule(neutral, reason));
            }
            return this;
        }

        /** Builds the schema. */
        public ConfigKeys build() {
            return new ConfigKeys(rules);
        }
    }
}
